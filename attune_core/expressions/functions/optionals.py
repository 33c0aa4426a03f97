"""optional.of() and its kin, and the methods of optional values; the other side of `or` and `orValue` is evaluated only if needed.

Collected in `table`. Source: cel-spec's "Optional values" as cel-go and Google's C++ implementation have them.
"""

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.functions.function import Function, Overload, no_overload, one
from attune_core.expressions.runtime.frame import Frame, Operand, Run
from attune_core.expressions.runtime.moments import Moment, Span
from attune_core.expressions.runtime.value import NOTHING, Maybe, Value
from attune_core.expressions.types import BOOL, DYN, Dyn, Optional, Type, members, union

_ANY = Optional(DYN)


def item_of(one: Type) -> Type:
    """Return the type of what an optional value holds."""
    return union(member.item if isinstance(member, Optional) else DYN for member in members(one) if isinstance(member, Optional | Dyn))


def _optional(name: str, value: Value) -> Maybe:
    if isinstance(value, Maybe):
        return value
    raise no_overload(name, value)


def _value(value: Value) -> Value:
    found = _optional("value", value)
    if found.there:
        return found.value
    raise ExpressionFailed("the optional value is not there")


def _or(arguments: tuple[Operand, ...]) -> Run:
    first, second = arguments[0].run, arguments[1].run

    def run(frame: Frame) -> Value:
        found = _optional("or", first(frame))
        return found if found.there else _optional("or", second(frame))

    return run


def _or_value(arguments: tuple[Operand, ...]) -> Run:
    first, second = arguments[0].run, arguments[1].run

    def run(frame: Frame) -> Value:
        found = _optional("orValue", first(frame))
        return found.value if found.there else second(frame)

    return run


def _of_non_zero(value: Value) -> Maybe:
    zero = value.nanoseconds == 0 if isinstance(value, Moment | Span) else not value
    return NOTHING if zero else Maybe(value)


def _none(_: tuple[Operand, ...]) -> Run:
    return lambda _: NOTHING


NONE = Function((Overload((), _ANY),), _none, "write optional.none()", plain=True)
OF = Function((Overload((DYN,), lambda given: Optional(given[0])),), one(Maybe), "write optional.of(value)", plain=True)
OF_NON_ZERO = Function(
    (Overload((DYN,), lambda given: Optional(given[0])),), one(_of_non_zero), "write optional.ofNonZeroValue(value)", plain=True
)
HAS_VALUE = Function(
    (Overload((_ANY,), BOOL),),
    one(lambda value: _optional("hasValue", value).there),
    "hasValue() asks an optional value, as in event.data.?unit.hasValue()",
    method=True,
)
VALUE = Function(
    (Overload((_ANY,), lambda given: item_of(given[0])),),
    one(_value),
    "value() takes an optional value, as in event.data.?unit.value()",
    method=True,
)
OR = Function(
    (Overload((_ANY, _ANY), lambda given: Optional(union(map(item_of, given)))),),
    _or,
    "or() takes two optional values, as in event.data.?unit.or(event.data.?host)",
    method=True,
)
OR_VALUE = Function(
    (Overload((_ANY, DYN), lambda given: union((item_of(given[0]), given[1]))),),
    _or_value,
    'orValue() takes an optional value, as in event.data.?unit.orValue("none")',
    method=True,
)
