"""Value: what expressions compute with: JSON's values, and bytes, moments, spans and optional values, which never leave as such.

Used by every closure; `output` turns what leaves into JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from attune_core.expressions.runtime.moments import Moment, Span
from attune_core.values import JsonValue


@dataclass(frozen=True, slots=True)
class Maybe:
    """An optional value. `there` is false of the one without a value, which is `NOTHING`."""

    value: "Value"
    there: bool = True


Value: TypeAlias = bool | int | float | str | bytes | Moment | Span | Maybe | list["Value"] | dict[str, "Value"] | None
NOTHING = Maybe(None, there=False)

_KINDS: Mapping[type[Value | JsonValue], str] = {
    type(None): "null",
    bool: "bool",
    int: "int",
    float: "double",
    str: "string",
    bytes: "bytes",
    Moment: "timestamp",
    Span: "duration",
    Maybe: "optional",
    list: "list",
}


def kind_of(value: Value | JsonValue) -> str:
    """Return the name of a value's type as messages say it."""
    return _KINDS.get(type(value), "object")
