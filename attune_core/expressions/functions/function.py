"""Function: what the checker and the compiler know of one function or method.

Declared in this package's modules, collected in `table`; adding one is a function, a record and a line in the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.finding import Code
from attune_core.expressions.runtime.frame import Frame, Operand, Run, kind_of
from attune_core.expressions.types import Type
from attune_core.values import JsonValue

#: Makes the closure of a call from its compiled arguments (the target first), so that constant ones can be prepared once.
Build: TypeAlias = Callable[[tuple[Operand, ...]], Run]


@dataclass(frozen=True)
class Overload:
    """Types taken (the target first) and given."""

    takes: tuple[Type, ...]
    gives: Type


@dataclass(frozen=True)
class Function:
    """One name. `plain`: callable as `name(a, b)`; `method`: as `a.name(b)`; `usage` is the hint for a wrong call.

    `refusal` is the code of the finding when `build` raises `ExpressionFailed` over a constant argument.
    """

    overloads: tuple[Overload, ...]
    build: Build
    usage: str
    plain: bool = False
    method: bool = False
    refusal: Code = Code.CONSTANT_FAILS


def one(apply: Callable[[JsonValue], JsonValue]) -> Build:
    """Make a builder from a function of one value whose cost is one step."""

    def build(arguments: tuple[Operand, ...]) -> Run:
        first = arguments[0].run
        return lambda frame: apply(first(frame))

    return build


def two(apply: Callable[[Frame, JsonValue, JsonValue], JsonValue]) -> Build:
    """Make a builder from a function of two values, which charges the frame for their lengths."""

    def build(arguments: tuple[Operand, ...]) -> Run:
        first, second = arguments[0].run, arguments[1].run
        return lambda frame: apply(frame, first(frame), second(frame))

    return build


def no_overload(name: str, *values: JsonValue) -> ExpressionFailed:
    """Make the failure of a call with values of types that it does not take."""
    return ExpressionFailed(f"no such overload: {name}({', '.join(kind_of(value) for value in values)})")
