"""Two types said of one value: what `allOf`, `$ref` beside other keywords, `oneOf` beside `properties` and `then` mean together.

Called by `schema_types`. Where two types contradict each other the result is `Dyn`: a schema that nothing fits is not found here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from attune_core.expressions.types import DYN, Bool, Double, Dyn, Field, Int, List, Map, Object, OneOf, String, Type, members, union

_Choice = TypeVar("_Choice", str, int, bool)


@dataclass(frozen=True)
class Unknown(Dyn):
    """What a schema says but the checker cannot read; unlike `Dyn` it may add fields to an object that is also said otherwise."""


@dataclass(frozen=True)
class Needing(Dyn):
    """Anything; but if it is an object, which another part of the schema describes, then with these fields."""

    names: frozenset[str]


UNKNOWN = Unknown()


def both(one: Type, other: Type) -> Type:
    """Return the type of values that are of both types; of objects, with the fields that either declares."""
    for mine, theirs in ((one, other), (other, one)):
        if isinstance(mine, Needing):
            return needing(theirs, mine.names)
        if isinstance(mine, Dyn):
            return opened(theirs) if isinstance(mine, Unknown) else theirs
    found = [_plain_both(mine, theirs) for mine in members(one) for theirs in members(other)]
    kept = [member for member in found if member is not None]
    return union(kept) if kept else DYN


def opened(one: Type) -> Type:
    """Return a type whose objects may have any further field."""
    if isinstance(one, Dyn):
        return UNKNOWN
    return _objects(one, lambda member: replace(member, extra=member.extra or DYN, closed=False))


def needing(one: Type, names: Iterable[str]) -> Type:
    """Return a type whose objects have these fields."""
    needed = frozenset(names)
    if isinstance(one, Dyn) and needed and not isinstance(one, Unknown):
        return Needing(needed | (one.names if isinstance(one, Needing) else frozenset()))
    return _objects(one, lambda member: _with_needed(member, needed)) if needed else one


def _with_needed(one: Object, names: frozenset[str]) -> Object:
    absent = Field(one.extra or DYN)
    return replace(one, fields={**one.fields, **{name: replace(one.fields.get(name, absent), required=True) for name in sorted(names)}})


def sometimes_needing(one: Type, names: Iterable[str]) -> Type:
    """Return a type in which these fields are there or not depending on the rest of the value."""
    needed = frozenset(names)

    def change(member: Object) -> Object:
        known = needed.intersection(member.fields)
        return replace(member, fields={**member.fields, **{name: replace(member.fields[name], depends=True) for name in known}})

    return _objects(one, change)


def _objects(one: Type, change: Callable[[Object], Object]) -> Type:
    if isinstance(one, OneOf):
        return union([_objects(member, change) for member in one.members])
    return change(one) if isinstance(one, Object) else one


def _plain_both(one: Type, other: Type) -> Type | None:
    """Return the same for two types that are no unions; None if no value is of both."""
    match one, other:
        case (Map() | Object(), Map() | Object()):
            return _objects_both(one, other)
        case (List(), List()):
            return _lists_both(one, other)
        case (Int(), Double()):
            return one
        case (Double(), Int()):
            return other
        case (String() | Int() | Bool(), String() | Int() | Bool()):
            return _listed_both(one, other)
        case _:
            return one if type(one) is type(other) else None


def _listed_both(one: String | Int | Bool, other: String | Int | Bool) -> Type | None:
    match one, other:
        case (String(), String()):
            texts = _common(one.choices, other.choices)
            return None if texts == () else String(texts, one.format or other.format)
        case (Int(), Int()):
            numbers = _common(one.choices, other.choices)
            return None if numbers == () else Int(numbers)
        case (Bool(), Bool()):
            truths = _common(one.choices, other.choices)
            return None if truths == () else Bool(truths)
        case _:
            return None


def _objects_both(one: Map | Object, other: Map | Object) -> Type:
    match one, other:
        case (Object(), Object()):
            return _merged(one, other)
        case (Map(value=mine), Map(value=theirs)):
            return Map(both(mine, theirs))
        case (Map(value=mine), Object() as known) | (Object() as known, Map(value=mine)):
            #: An object said twice, once with fields: `{type: object}` beside them adds nothing.
            return known if isinstance(mine, Dyn) else replace(known, extra=known.extra or mine, closed=False)
        case _:
            return DYN


def _lists_both(one: List, other: List) -> List:
    longer, shorter = (one, other) if len(one.first) >= len(other.first) else (other, one)
    #: What the shorter one says of a position beyond its own is its `item`, which is wide enough.
    beyond = [shorter.item] * (len(longer.first) - len(shorter.first))
    first = tuple(both(mine, theirs) for mine, theirs in zip(longer.first, (*shorter.first, *beyond), strict=True))
    closed = longer.closed or (len(longer.first) == len(shorter.first) and shorter.closed)
    return List(both(one.item, other.item), first, closed)


def _common(some: tuple[_Choice, ...] | None, others: tuple[_Choice, ...] | None) -> tuple[_Choice, ...] | None:
    if some is None or others is None:
        return others if some is None else some
    known = frozenset(others)
    return tuple(choice for choice in some if choice in known)


def widened(one: Type, other: Type) -> Type:
    """Return `one` with the fields of `other` as optional ones: what a conditional part of a schema may add."""
    if isinstance(other, Unknown):
        return opened(one)
    if isinstance(other, Needing):
        return sometimes_needing(one, other.names)
    if isinstance(one, OneOf):
        return union([widened(member, other) for member in one.members])
    for member in members(other):
        if isinstance(one, Object) and isinstance(member, Object):
            one = replace(one, fields=_conditional_fields(one, member))
        elif isinstance(one, List) and isinstance(member, List):
            one = replace(one, item=widened(one.item, member.item), first=tuple(widened(mine, member.item) for mine in one.first))
    return one


def _conditional_fields(one: Object, other: Object) -> dict[str, Field]:
    fields = dict(one.fields)
    for name, theirs in other.fields.items():
        mine = fields.get(name)
        depends = theirs.required or theirs.depends
        if mine is None:
            fields[name] = _beside(Field(theirs.type, depends=depends, sometimes=True), one)
        else:
            both_said = union((mine.type, theirs.type)) if mine.sometimes else widened(mine.type, theirs.type)
            fields[name] = replace(mine, type=both_said, depends=mine.depends or depends)
    return fields


def _beside(field: Field, other: Object) -> Field:
    """Return a field beside an object that does not declare it; where its condition does not hold it may be an undeclared one."""
    return replace(field, type=union((field.type, other.extra))) if field.sometimes and other.extra is not None else field


def _field_both(one: Field, other: Field) -> Field:
    if one.sometimes and other.sometimes:
        found = union((one.type, other.type))
    elif one.sometimes or other.sometimes:
        always, perhaps = (other, one) if one.sometimes else (one, other)
        found = widened(always.type, perhaps.type)
    else:
        found = both(one.type, other.type)
    return Field(found, one.required or other.required, one.depends or other.depends, one.sometimes and other.sometimes)


def _merged(one: Object, other: Object) -> Object:
    fields = {name: mine if name in other.fields else _beside(mine, other) for name, mine in one.fields.items()}
    for name, theirs in other.fields.items():
        mine = fields.get(name)
        fields[name] = _beside(theirs, one) if mine is None else _field_both(mine, theirs)
    extra = both(one.extra, other.extra) if one.extra is not None and other.extra is not None else one.extra or other.extra
    #: `additionalProperties: false` on one part only is a schema that hardly anything fits; the other's fields stay known.
    return Object(fields, extra, one.title or other.title, one.closed and other.closed)
