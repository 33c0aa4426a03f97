"""Two types said of one value: what `allOf`, `$ref` beside other keywords, `oneOf` beside `properties` and `then` mean together.

Called by `schema_types`. Where two types contradict each other the result is `Dyn`: a schema that nothing fits is not found here.
"""

from dataclasses import dataclass, replace

from attune_core.expressions.types import DYN, Double, Dyn, Field, Int, List, Map, Object, OneOf, String, Type, members, union


@dataclass(frozen=True)
class Unknown(Dyn):
    """What a schema says but the checker cannot read; unlike `Dyn` it may add fields to an object that is also said otherwise."""


UNKNOWN = Unknown()


def both(one: Type, other: Type) -> Type:
    """Return the type of values that are of both types; of objects, with the fields that either declares."""
    for mine, theirs in ((one, other), (other, one)):
        if isinstance(mine, Dyn):
            return opened(theirs) if isinstance(mine, Unknown) else theirs
    found = [_plain_both(mine, theirs) for mine in members(one) for theirs in members(other)]
    kept = [member for member in found if member is not None]
    return union(kept) if kept else DYN


def opened(one: Type) -> Type:
    """Return a type whose objects may have any further field."""
    if isinstance(one, Object):
        return replace(one, extra=one.extra or DYN, closed=False)
    if isinstance(one, OneOf):
        return union([opened(member) for member in one.members])
    return UNKNOWN if isinstance(one, Dyn) else one


def _plain_both(one: Type, other: Type) -> Type | None:
    """Return the same for two types that are no unions; None if no value is of both."""
    match one, other:
        case (Map() | Object(), Map() | Object()):
            return _objects_both(one, other)
        case (List(item=item), List(item=other_item)):
            return List(both(item, other_item))
        case (Int(), Double()) | (Double(), Int()):
            return Int()
        case (String(choices=some), String(choices=others)):
            return _narrower(some, others)
        case _:
            return one if type(one) is type(other) else None


def _objects_both(one: Map | Object, other: Map | Object) -> Type:
    match one, other:
        case (Object(), Object()):
            return _merged(one, other, required=True)
        case (Map(value=mine), Map(value=theirs)):
            return Map(both(mine, theirs))
        case (Map(value=mine), Object() as known) | (Object() as known, Map(value=mine)):
            #: An object said twice, once with fields: `{type: object}` beside them adds nothing.
            return known if isinstance(mine, Dyn) else replace(known, extra=known.extra or mine, closed=False)
        case _:
            return DYN


def _narrower(some: tuple[str, ...] | None, others: tuple[str, ...] | None) -> Type | None:
    if some is None or others is None:
        return String(some or others)
    common = tuple(choice for choice in some if choice in others)
    return String(common) if common else None


def widened(one: Type, other: Type) -> Type:
    """Return `one` with the fields of `other` as optional ones: what a conditional part of a schema may add."""
    if isinstance(other, Unknown):
        return opened(one)
    if isinstance(one, OneOf):
        return union([widened(member, other) for member in one.members])
    for member in members(other):
        if isinstance(one, Object) and isinstance(member, Object):
            one = _merged(one, member, required=False)
    return one


def _merged(one: Object, other: Object, *, required: bool) -> Object:
    fields = dict(one.fields)
    for name, theirs in other.fields.items():
        mine = fields.get(name)
        needed = required and theirs.required
        if mine is None:
            fields[name] = Field(theirs.type, needed)
        elif required:
            fields[name] = Field(both(mine.type, theirs.type), mine.required or needed)
    extra = both(one.extra, other.extra) if one.extra is not None and other.extra is not None else one.extra or other.extra
    #: `additionalProperties: false` on one part only is a schema that hardly anything fits; the other's fields stay known.
    return Object(fields, extra, one.title or other.title, one.closed and other.closed)
