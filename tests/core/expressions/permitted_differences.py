"""The differences from Google's CEL that docs/expressions.md publishes, each recognised as narrowly as can be.

Used by the differential test, which lets nothing else pass.
"""

import math
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias
from unittest.mock import patch

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.finding import Code
from attune_core.expressions.functions import conversions, formatting
from attune_core.expressions.functions.conversions import double_text, scalar_text
from attune_core.expressions.functions.function import Given, several
from attune_core.expressions.functions.table import FUNCTIONS
from attune_core.expressions.runtime import comparison, macros, members, moments
from attune_core.expressions.runtime.frame import Frame, Operand, Run
from attune_core.expressions.runtime.members import index
from attune_core.expressions.runtime.moments import Moment
from attune_core.expressions.runtime.value import Maybe, Value
from attune_core.values import INT64_MAX, JsonValue
from tests.core.expressions.generated import Case
from tests.core.expressions.outcomes import Failed, Gives, Outcome, Refused, alike, ours, theirs, trimmed, without_zeros


@dataclass(frozen=True)
class Compared:
    """What one case comes to, here and there. `unchecked` is CEL's when its checker is not asked."""

    case: Case
    ours: Outcome
    theirs: Outcome
    unchecked: Outcome

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return alike(self.ours, self.theirs)

    def refused_there(self, message: str) -> bool:
        """Tell whether CEL's checker refuses with this message."""
        return isinstance(self.theirs, Refused) and re.fullmatch(message, self.theirs.message) is not None

    def refused_here(self, *codes: Code) -> tuple[str, ...]:
        """Return the places that our checker refuses, if all are with these codes."""
        return self.ours.places if isinstance(self.ours, Refused) and self.ours.codes <= set(codes) else ()


def compared(case: Case) -> Compared:
    """Evaluate a case here and there."""
    there = theirs(case.source, case.activation)
    unchecked = theirs(case.source, case.activation, checked=False) if isinstance(there, Refused) else there
    return Compared(case, ours(case.source, case.activation), there, unchecked)


def _fails_there(found: Compared, source: str) -> bool:
    return not isinstance(theirs(source, found.case.activation), Gives)


def _constant_failures(found: Compared) -> bool:
    """The refused part, by itself, fails there too: as an operation, a key that stands twice, a pattern or a time zone."""
    places = found.refused_here(Code.CONSTANT_FAILS, Code.REGEX)
    uses = ("{}", "{{{0}: 1, {0}: 2}}", '"".matches({})', "timestamp(0).getHours({})")
    return bool(places) and all(any(_fails_there(found, use.format(place)) for use in uses) for place in places)


def _refused_early(found: Compared) -> bool:
    """The refused operation, or operand of a condition, by itself fails there too; a comparison gives what it always gives."""
    if not isinstance(found.ours, Refused) or found.ours.codes != {Code.OPERAND_TYPES}:
        return False
    return all(
        _fails_there(found, place)
        or _fails_there(found, f"({place}) && true")
        or ((sign := re.search(r" (==|!=|in) ", message)) and theirs(place, found.case.activation) == Gives(sign[1] == "!="))
        for place, message in zip(found.ours.places, found.ours.message.split("; "), strict=True)
    )


def _map_keys(found: Compared) -> bool:
    """There, keys may be integers and bools too."""
    return not isinstance(found.ours, Gives) and found.ours.message.startswith("a map's key must be a string")


def _order_of_keys(found: Compared) -> bool:
    """There, a macro goes through the keys of a map in another order each time: ours is met there, or theirs here from the other end."""
    if re.search(r"\.(?:map|filter)\(", found.case.source) is None:
        return False
    again = (theirs(found.case.source, found.case.activation, checked=False) for _ in range(60))
    return any(alike(found.ours, one) for one in again) or alike(_from_the_other_end(found.case), found.theirs)


def _from_the_other_end(case: Case) -> Outcome:
    items = macros._items

    def reverse(name: str, frame: Frame, value: Value) -> list[Value]:
        found = items(name, frame, value)
        return found[::-1] if isinstance(value, dict) else found

    with patch.object(macros, "_items", reverse):
        return ours(case.source, case.activation)


def _finite_numbers(found: Compared) -> bool:
    return isinstance(found.ours, Failed) and isinstance(found.theirs, Gives) and not _finite(found.theirs.value)


def _finite(value: JsonValue) -> bool:
    if isinstance(value, list | dict):
        return all(map(_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


def _numbers_together(found: Compared) -> bool:
    pair = r"\((?:int, double|double, int|(?:int, list\(double\)|double, list\(int\)))\)"
    return found.refused_there(rf"found no matching overload for '(?:_(?:==|!=|<|<=|>|>=)_|@in)' applied to '{pair}'")


def _null_is_a_value(found: Compared) -> bool:
    pair = r"\((?:null_type, .*|.*, null_type)\)"
    return found.refused_there(rf"found no matching overload for '_(?:==|!=)_' applied to '{pair}'")


def _unions(found: Compared) -> bool:
    """There, two types are refused, and values of unknown types beside known ones, or beside `[]` or `{}`, are all of that type."""
    uses = (
        *(r"_\?_:_' applied to '\(bool, .*\)", r"_\+_' applied to '\(list\(.*\), list\(.*\)\)"),
        r"or(?:Value)?' applied to '\(optional_type\(.*\), .*\)",
    )
    if any(found.refused_there(f"found no matching overload for '{use}'") for use in uses):
        return True
    unknown = re.search(r"\[|\{|optional\.|\.value\(\)", found.case.source)
    select = "expression of type '.*' cannot be the (?:range of a comprehension|operand of a select) .*"
    return unknown is not None and found.refused_there(rf"found no matching overload for .*|{select}")


def _index_of_an_optional_list(found: Compared) -> bool:
    """There, an index outside of a list that an optional holds, as in `a.?b[5]`, gives an optional that holds a failure."""
    met: list[Value] = []

    def noting(operand: Operand, key: Operand) -> Run:
        run = index(operand, key)

        def noted(frame: Frame) -> Value:
            value = operand.run(frame)
            if isinstance(value, Maybe) and value.there and not isinstance(value.value, dict):
                met.append(value)
            return run(frame)

        return noted

    with patch.object(members, "index", noting):
        ours(found.case.source, found.case.activation)
    return bool(met)


def _failures_that_end_all(found: Compared) -> bool:
    """There, two failures are not absorbed: a key that stands twice, and a field of an optional that holds no map."""
    messages = (
        "ALREADY_EXISTS: duplicate key in map [ALREADY_EXISTS]",
        "INVALID_ARGUMENT: Applying SELECT to non-message type [INVALID_ARGUMENT]",
    )
    return isinstance(found.theirs, Failed) and found.theirs.message in messages


def _double_negation(found: Compared) -> bool:
    """There, the parser drops two signs, and with them the question whether they can be applied."""
    single = found.case.source.replace("!!", "").replace("--", "")
    return single != found.case.source and alike(ours(single, found.case.activation), found.theirs)


def _format_bytes(found: Compared) -> bool:
    """There, `%s` makes a text of octets that are none."""
    return not isinstance(found.ours, Gives) and "not UTF-8" in found.ours.message and ".format(" in found.case.source


def _texts_read_strictly(message: str, text: str) -> Callable[[Compared], bool]:
    """Make the recognition of a text that CEL's C++ implementation reads more loosely, which stands in the expression or its variables."""

    def recognise(found: Compared) -> bool:
        #: Of two failures that are not absorbed, the first is the one that is said.
        hidden = re.search(r"&&|\|\||\.(?:all|exists)\(", found.case.source) is not None
        if isinstance(found.ours, Gives) or not (hidden or message in found.ours.message):
            return False
        texts = [
            *re.findall(r"""(["'])(.*?)\1""", found.case.source),
            *(("", value) for value in found.case.activation.values() if isinstance(value, str)),
        ]
        return any(re.fullmatch(text, one) for _, one in texts)

    return recognise


Recognise: TypeAlias = Callable[[Compared], bool]

_RECOGNISED: Mapping[str, Recognise] = {
    "constant-fails": _constant_failures,
    "refused-early": _refused_early,
    "map-keys": _map_keys,
    "key-order": _order_of_keys,
    "finite": _finite_numbers,
    "mixed-numbers": _numbers_together,
    "null-equality": _null_is_a_value,
    "unions": _unions,
    "optional-index": _index_of_an_optional_list,
    "aborts": _failures_that_end_all,
    "double-negation": _double_negation,
    "format-bytes": _format_bytes,
    "timestamp-text": _texts_read_strictly("RFC 3339", r"\s*\d+-\d+-\d+[Tt]\d+:\d+:\d+(?:\.\d+)?(?:[Zz]|[+-]\d+(?::?\d+)?)\s*"),
    "zones": _texts_read_strictly("time zone", r"[+-]?(?:\d+:[6-9]\d|\d+:\d|(?:2[4-9]|[3-9]\d):\d+)"),
    "double-text": _texts_read_strictly("not a number", r"[+-]?0[xX][0-9a-fA-F.pP]+"),
}


def _of_doubles(holds: Callable[[Value, Value], bool]) -> Callable[[Value, Value], bool]:
    def held(one: Value, other: Value) -> bool:
        if isinstance(one, int | float) and isinstance(other, int | float) and type(one) is not type(other):
            return holds(float(one), float(other))
        return holds(one, other)

    return held


_EQUAL = comparison.equal
_ORDERS_OF_DOUBLES = {sign: _of_doubles(holds) for sign, holds in comparison._ORDERS.items()}
_INT, _SUBSTRING = FUNCTIONS["int"], FUNCTIONS["substring"]
_FUNCTIONS = "attune_core.expressions.functions.table.FUNCTIONS"

#: What makes our language do as Google's C++ implementation does: the difference is the published one if nothing is left of it then.
_AS_THERE: Mapping[str, Callable[[], AbstractContextManager[object]]] = {
    "fractions": lambda: patch.object(moments, "_fraction", _digits_in_threes),
    "format-doubles": lambda: patch.object(formatting, "scalar_text", _printed),
    "sign-of-nan": lambda: patch.object(conversions, "double_text", _negative_nan),
    "exact-numbers": lambda: patch.multiple(comparison, equal=_equal_as_doubles, _ORDERS=_ORDERS_OF_DOUBLES),
    "duration-iso": lambda: patch.object(moments, "_ISO_SPAN", re.compile("(?!)")),
    "duration-range": lambda: patch.object(moments, "_LONGEST", INT64_MAX),
    "substring-end": lambda: patch.dict(_FUNCTIONS, substring=replace(_SUBSTRING, build=several("substring", _short_of_the_end))),
    "int-of-bool": lambda: patch.dict(_FUNCTIONS, int=replace(_INT, build=_int_also_of_bool)),
}
#: Published too, but no generated case shows them, so that none of them hides another difference.
_NOT_GENERATED = frozenset({"schema-numbers", "nul", "literals", "macro-names", "budget"})

PERMITTED = frozenset({*_RECOGNISED, *_AS_THERE, *_NOT_GENERATED})


def _digits_in_threes(nanoseconds: int) -> str:
    digits = f".{nanoseconds:09}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return digits.rstrip(".")


def _negative_nan(number: float) -> str:
    return "-nan" if math.isnan(number) else double_text(number)


def _printed(value: Value) -> str | None:
    if isinstance(value, Moment):
        return without_zeros(str(value)).lstrip("0")
    return f"{value:g}" if isinstance(value, float) else scalar_text(value)


def _equal_as_doubles(frame: Frame, one: Value, other: Value) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float) and {type(one), type(other)} == {int, float}:
        return float(one) == float(other)
    return _EQUAL(frame, one, other)


def _short_of_the_end(_: Frame, given: Given) -> str:
    text, start = given.text(0), given.whole(1)
    end = given.whole(2, len(text))
    if 0 <= start <= end <= len(text) - (len(given.values) == 3 and start < end):
        return text[start:end]
    raise ExpressionFailed("outside of the text")


def _int_also_of_bool(arguments: tuple[Operand, ...]) -> Run:
    argument, other = arguments[0].run, _INT.build(arguments)

    def run(frame: Frame) -> Value:
        value = argument(frame)
        return int(value) if isinstance(value, bool) else other(frame)

    return run


def permitted(found: Compared) -> str | None:
    """Return the id of the published difference that this is; None if it is none.

    Where only CEL's checker refuses, what it would come to without it must be alike too, or permitted.
    """
    name = next((name for name, recognise in _RECOGNISED.items() if recognise(found)), None)
    if name is None:
        return _alike_as_there(found)
    if not isinstance(found.theirs, Refused) or alike(found.ours, found.unchecked):
        return name
    return name if permitted(Compared(found.case, found.ours, found.unchecked, found.unchecked)) else None


def _alike_as_there(found: Compared) -> str | None:
    """Return the fewest ids that leave nothing of a difference, three at most."""
    sets = (names for size in (1, 2, 3) for names in combinations(_AS_THERE, size))
    return next((" and ".join(names) for names in sets if _alike_with(found, names)), None)


def _alike_with(found: Compared, names: tuple[str, ...]) -> bool:
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(_AS_THERE[name]())
        there = ours(found.case.source, found.case.activation)
    if isinstance(there, Refused):
        #: What fails as constant is refused.
        there = Failed(there.message)
    #: With digits in groups of three, what leaves as a text has them too.
    return alike(trimmed(there), trimmed(found.theirs)) if "fractions" in names else alike(there, found.theirs)
