"""The types that the checker knows: JSON's, those that CEL computes with (bytes, timestamp, duration, optional), secrets, and "anything".

Made by `schema_types` from JSON Schemas and by the catalog for scopes; read by the checker, `fitting` and the compiler.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, TypeVar

#: A union with more choices than this is one without: nobody reads them, and joining them would take its time.
_MOST_CHOICES = 1_000
_Choice = TypeVar("_Choice", str, int, bool)

#: A union has no more members than this, which keeps every comparison of types short: its objects become one, else it is `Dyn`.
_MOST_MEMBERS = 16


@dataclass(frozen=True)
class Dyn:
    """Nothing is known: every operation is allowed and checked when it runs."""


@dataclass(frozen=True)
class Null:
    """JSON null."""


@dataclass(frozen=True)
class Bool:
    """True or false. `choices` are its only possible values (an enum or constant of a schema)."""

    choices: tuple[bool, ...] | None = None


@dataclass(frozen=True)
class Int:
    """A 64-bit signed integer; JSON Schema's `integer`. `choices` are its only possible values (an enum or constant of a schema)."""

    choices: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Double:
    """A 64-bit float; JSON Schema's `number`, whose values may be written without a fraction."""


@dataclass(frozen=True)
class String:
    """A text. `choices` are its only possible values (an enum, or the one text of a literal), in the order written.

    `format` is `date-time` or `duration` where a schema says so: still a text, which `timestamp()` and `duration()` read.
    """

    choices: tuple[str, ...] | None = None
    format: str | None = None


@dataclass(frozen=True)
class Bytes:
    """A sequence of octets; only ever computed, and base64 text where a value leaves an expression."""


@dataclass(frozen=True)
class Timestamp:
    """A moment in UTC with nanoseconds; only ever computed, and an RFC 3339 text where a value leaves an expression."""


@dataclass(frozen=True)
class Duration:
    """A span of time with nanoseconds; only ever computed, and a text such as `90s` where a value leaves an expression."""


@dataclass(frozen=True)
class Optional:
    """What `a.?b` gives: a value of `item`, or none; it never leaves an expression."""

    item: "Type"


@dataclass(frozen=True)
class Secret:
    """A secret's value: it may only stand alone and only reach a parameter declared secret."""


@dataclass(frozen=True)
class List:
    """A list whose items all have one type.

    `first` are the types of the first positions where a schema gives each its own (a tuple; `item` is then of all of them together);
    `closed` says that nothing comes after them.
    """

    item: "Type"
    first: "tuple[Type, ...]" = ()
    closed: bool = False


@dataclass(frozen=True)
class Map:
    """A JSON object with keys that are not declared."""

    value: "Type"


@dataclass(frozen=True)
class Field:
    """One declared field of an object.

    `depends`: required only by a part of the schema that depends on the rest of the value (`then`, `dependentRequired`, ...).
    `sometimes`: declared only by such parts, so that another of them may say another type of it.
    """

    type: "Type"
    required: bool = False
    depends: bool = False
    sometimes: bool = False


@dataclass(frozen=True)
class Object:
    """A JSON object with declared fields.

    `extra` is the type of undeclared fields; None means that naming one is a mistake. `closed` says that a value never has
    any (`additionalProperties: false`). `title` is the schema's, for messages.
    """

    fields: Mapping[str, Field]
    extra: "Type | None" = None
    title: str | None = None
    closed: bool = False

    @cached_property
    def holds_secret(self) -> bool:
        """Whether a field, at any depth, is a secret; asked of payloads with thousands of fields for every expression."""
        return any(carries_secret(field.type) for field in self.fields.values()) or (self.extra is not None and carries_secret(self.extra))


@dataclass(frozen=True)
class OneOf:
    """A value of one of several types; made by `union`, so members are different, not nested and at least two."""

    members: "tuple[Type, ...]"


Type: TypeAlias = Dyn | Null | Bool | Int | Double | String | Bytes | Timestamp | Duration | Optional | Secret | List | Map | Object | OneOf

DYN, NULL, BOOL, INT, DOUBLE, STRING, SECRET = Dyn(), Null(), Bool(), Int(), Double(), String(), Secret()
BYTES, TIMESTAMP, DURATION = Bytes(), Timestamp(), Duration()
MAP = Map(DYN)
LIST = List(DYN)

_PLAIN_NAMES: Mapping[type[Type], str] = {
    Dyn: "any value",
    Null: "null",
    Bool: "bool",
    Int: "int",
    Double: "double",
    String: "string",
    Bytes: "bytes",
    Timestamp: "timestamp",
    Duration: "duration",
    Secret: "secret",
}


def members(one: Type) -> tuple[Type, ...]:
    """Return the alternatives of a type: its own members if it is a union, else itself alone."""
    return one.members if isinstance(one, OneOf) else (one,)


def union(types: Iterable[Type]) -> Type:
    """Return the smallest known type that holds every value of the given ones; `Dyn` of none, of too many, or beside `Dyn`."""
    found: list[Type] = []
    for one in types:
        for member in members(one):
            if isinstance(member, Dyn):
                return DYN
            if isinstance(member, String | Int | Bool):
                _add_listed(found, member)
            elif member not in found:
                found.append(member)
            if len(found) > _MOST_MEMBERS:
                found = _with_joined_objects(found)
                if len(found) > _MOST_MEMBERS:
                    return DYN
    if not found:
        return DYN
    return found[0] if len(found) == 1 else OneOf(tuple(found))


def _with_joined_objects(found: Sequence[Type]) -> list[Type]:
    """Return the members with one object in place of all objects: what each of them says of a field may hold."""
    objects = [member for member in found if isinstance(member, Object)]
    names = dict.fromkeys(name for member in objects for name in member.fields)
    extras = [member.extra for member in objects if member.extra is not None]
    closed = all(member.closed for member in objects)
    joined = Object({name: _joined_field(objects, name) for name in names}, union(extras) if extras else None, closed=closed)
    return [*(member for member in found if not isinstance(member, Object)), joined]


def _joined_field(objects: Sequence[Object], name: str) -> Field:
    declared = [member.fields[name] for member in objects if name in member.fields]
    extras = [member.extra for member in objects if name not in member.fields and member.extra is not None]
    required = all(field.required for field in declared) and len(declared) == len(objects)
    depends = not required and any(field.required or field.depends for field in declared)
    sometimes = any(field.sometimes for field in declared)
    return Field(union((*(field.type for field in declared), *extras)), required, depends, sometimes)


def _add_listed(found: list[Type], one: String | Int | Bool) -> None:
    """Add a type that may have choices; there is at most one of each such kind."""
    for place, other in enumerate(found):
        match one, other:
            case String(), String():
                found[place] = String(_either(other.choices, one.choices), other.format if other.format == one.format else None)
            case Int(), Int():
                found[place] = Int(_either(other.choices, one.choices))
            case Bool(), Bool():
                found[place] = Bool(_either(other.choices, one.choices))
            case _:
                continue
        return
    found.append(one)


def _either(some: tuple[_Choice, ...] | None, others: tuple[_Choice, ...] | None) -> tuple[_Choice, ...] | None:
    if some is None or others is None or len(some) + len(others) > _MOST_CHOICES:
        return None
    return tuple(dict.fromkeys(some + others))


def type_name(one: Type) -> str:
    """Return a type's name as messages say it: `string`, `list of int`, `string or null`."""
    if plain := _PLAIN_NAMES.get(Dyn if isinstance(one, Dyn) else type(one)):
        return plain
    if isinstance(one, List):
        return "list" if isinstance(one.item, Dyn) else f"list of {type_name(one.item)}"
    if isinstance(one, Map):
        return "object" if isinstance(one.value, Dyn) else f"map of {type_name(one.value)}"
    if isinstance(one, Optional):
        return "optional" if isinstance(one.item, Dyn) else f"optional {type_name(one.item)}"
    if isinstance(one, OneOf):
        names = list(dict.fromkeys(type_name(member) for member in one.members))
        return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"object ({one.title})" if isinstance(one, Object) and one.title else "object"


def carries_secret(one: Type) -> bool:
    """Tell whether a value of this type is or holds a secret."""
    match one:
        case List() | Optional():
            return carries_secret(one.item)
        case Map():
            return carries_secret(one.value)
        case Object():
            return one.holds_secret
        case OneOf():
            return any(carries_secret(member) for member in one.members)
        case _:
            return isinstance(one, Secret)
