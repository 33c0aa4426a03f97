"""`matches`: regular expressions on RE2 only, whose time is linear in the text whatever the pattern.

Collected in `table`. A constant pattern is compiled once, and an invalid one is a finding. Source: RE2's syntax page; cost as in
Kubernetes' CEL: text times pattern.
"""

from typing import TYPE_CHECKING

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.finding import Code
from attune_core.expressions.functions.function import Function, Overload, no_overload, two
from attune_core.expressions.runtime.frame import Frame, Operand, Run
from attune_core.expressions.runtime.value import Value
from attune_core.expressions.types import BOOL, STRING

if TYPE_CHECKING:
    import re2

#: Longest pattern, in characters: a pattern is compiled before its cost is known.
MAX_PATTERN = 1024
#: Bytes of memory for one compiled pattern: `\pL{1,64}` fits, `\pL{500}` does not.
_MAX_MEMORY = 2 << 20
#: Characters times compiled instructions for one step. RE2's slow path needs about 10 ns for each.
_PER_STEP = 256
#: Steps for compiling a pattern that comes from a value; each instruction of the result is one more.
_COMPILING = 500


def compiled(pattern: str) -> "re2.Pattern":
    """Return a pattern compiled by RE2; `ExpressionFailed` says why it is not one."""
    #: Loaded on first use: most commands never meet a pattern.
    import re2

    if len(pattern) > MAX_PATTERN:
        raise ExpressionFailed(f"the pattern has {len(pattern)} characters, more than {MAX_PATTERN}")
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _MAX_MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "it is refused"
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ExpressionFailed(f"not a valid pattern: {text}") from error


def _search(frame: Frame, pattern: "re2.Pattern", text: str) -> bool:
    frame.charge(len(text) * pattern.programsize // _PER_STEP)
    return pattern.search(text.encode(errors="replace")) is not None


def _matches(frame: Frame, text: Value, pattern: Value) -> bool:
    if not isinstance(text, str) or not isinstance(pattern, str):
        raise no_overload("matches", text, pattern)
    frame.charge(_COMPILING)
    prepared = compiled(pattern)
    frame.charge(prepared.programsize)
    return _search(frame, prepared, text)


_general = two(_matches)


def _build(arguments: tuple[Operand, ...]) -> Run:
    text, pattern = arguments
    if not pattern.constant or not isinstance(pattern.value, str):
        return _general(arguments)
    first, prepared = text.run, compiled(pattern.value)

    def run(frame: Frame) -> bool:
        value = first(frame)
        if type(value) is str:
            return _search(frame, prepared, value)
        raise no_overload("matches", value, "")

    return run


MATCHES = Function(
    (Overload((STRING, STRING), BOOL),), _build, 'write text.matches("pattern")', plain=True, method=True, refusal=Code.REGEX
)
