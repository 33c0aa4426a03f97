"""Methods of strings, and size; their cost grows with the lengths they look at.

Collected in `table`. Source: the CEL language definition, "String Functions" and "size".
"""

from collections.abc import Callable

from attune_core.expressions.functions.function import Build, Function, Overload, no_overload, one, two
from attune_core.expressions.runtime.frame import PER_STEP, Frame, Operand, Run
from attune_core.expressions.runtime.value import Value
from attune_core.expressions.types import BOOL, BYTES, INT, LIST, MAP, STRING

_SIZED = (str, bytes, list, dict)


def _text_test(name: str, test: Callable[[str, str], bool], *, searches: bool) -> Function:
    """Make a method that asks a question about two strings; `searches`: it may look at all of the first one."""

    def apply(frame: Frame, text: Value, part: Value) -> bool:
        if not isinstance(text, str) or not isinstance(part, str):
            raise no_overload(name, text, part)
        frame.charge((len(text) if searches else len(part)) // PER_STEP)
        return test(text, part)

    def with_constant(text: Run, part: str) -> Run:
        def run(frame: Frame) -> bool:
            value = text(frame)
            if type(value) is str:
                if searches:
                    frame.charge(len(value) // PER_STEP)
                return test(value, part)
            raise no_overload(name, value, part)

        return run

    general = two(apply)

    def build(arguments: tuple[Operand, ...]) -> Run:
        text, part = arguments
        return with_constant(text.run, part.value) if part.constant and isinstance(part.value, str) else general(arguments)

    return Function((Overload((STRING, STRING), BOOL),), build, f'write text.{name}("...")', method=True)


def _size(value: Value) -> int:
    if isinstance(value, _SIZED):
        return len(value)
    raise no_overload("size", value)


_build_size: Build = one(_size)

STARTS_WITH = _text_test("startsWith", str.startswith, searches=False)
ENDS_WITH = _text_test("endsWith", str.endswith, searches=False)
CONTAINS = _text_test("contains", str.__contains__, searches=True)
SIZE = Function(
    tuple(Overload((kind,), INT) for kind in (STRING, BYTES, LIST, MAP)),
    _build_size,
    "size counts a string's characters, a list's items, an object's keys, octets of bytes",
    plain=True,
    method=True,
)
