"""Function: what the checker and the compiler know of one function or method.

Declared in this package's modules, collected in `table`; adding one is a function, a record and a line in the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.finding import Code
from attune_core.expressions.runtime.arithmetic import numeric
from attune_core.expressions.runtime.frame import Frame, Operand, Run
from attune_core.expressions.runtime.value import Value, kind_of
from attune_core.expressions.types import Type

#: Makes the closure of a call from its compiled arguments (the target first), so that constant ones can be prepared once.
Build: TypeAlias = Callable[[tuple[Operand, ...]], Run]


@dataclass(frozen=True)
class Overload:
    """Types taken (the target first), and the type given or what makes it of the types of the arguments."""

    takes: tuple[Type, ...]
    gives: Type | Callable[[tuple[Type, ...]], Type]

    def result(self, given: tuple[Type, ...]) -> Type:
        """Return the type of a call with these arguments."""
        return self.gives(given) if callable(self.gives) else self.gives


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


@dataclass(frozen=True, slots=True)
class Given:
    """The values of one call, asked for by place and kind; what is of another kind is no overload of the function."""

    name: str
    values: list[Value]

    def text(self, place: int) -> str:
        """Return a string."""
        value = self.values[place]
        if isinstance(value, str):
            return value
        raise self.refused()

    def whole(self, place: int, default: int | None = None) -> int:
        """Return an int, or the default if the call has no such argument."""
        if place >= len(self.values) and default is not None:
            return default
        value = self.values[place]
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise self.refused()

    def items(self, place: int) -> list[Value]:
        """Return a list."""
        value = self.values[place]
        if isinstance(value, list):
            return value
        raise self.refused()

    def refused(self) -> ExpressionFailed:
        """Make the failure of this call."""
        return no_overload(self.name, *self.values)


def one(apply: Callable[[Value], Value]) -> Build:
    """Make a builder from a function of one value whose cost is one step."""

    def build(arguments: tuple[Operand, ...]) -> Run:
        first = arguments[0].run
        return lambda frame: apply(first(frame))

    return build


def two(apply: Callable[[Frame, Value, Value], Value]) -> Build:
    """Make a builder from a function of two values, which charges the frame for their lengths."""

    def build(arguments: tuple[Operand, ...]) -> Run:
        first, second = arguments[0].run, arguments[1].run
        return lambda frame: apply(frame, first(frame), second(frame))

    return build


def several(name: str, apply: Callable[[Frame, Given], Value]) -> Build:
    """Make a builder from a function of any number of values, which charges the frame for their lengths."""

    def build(arguments: tuple[Operand, ...]) -> Run:
        runs = tuple(numeric(argument) for argument in arguments)
        return lambda frame: apply(frame, Given(name, [run(frame) for run in runs]))

    return build


def no_overload(name: str, *values: Value) -> ExpressionFailed:
    """Make the failure of a call with values of types that it does not take."""
    return ExpressionFailed(f"no such overload: {name}({', '.join(kind_of(value) for value in values)})")
