"""Nearby: where a field of some name is, when it was not written whole; `name` is `event.data.name`.

Called by `infer` and `members` for the hint under an unknown variable or field.
"""

from collections.abc import Mapping

from attune_core.expressions.types import Object, OneOf, Type, members

#: Asked first: a payload may declare thousands of fields, and most are plain.
_HAVE_FIELDS = (Object, OneOf)


def among(variables: Mapping[str, Type], name: str) -> str | None:
    """Return the hint for a name that is a field of a variable, or of a field of one; None if there is no such field."""
    places = (_in(variable, one, name) or _below(variable, one, name) for variable, one in variables.items())
    return _hint(next((place for place in places if place), None))


def below(path: str, one: Type, name: str) -> str | None:
    """Return the hint for a field that is not in a value but in one of its fields."""
    return _hint(_below(path, one, name))


def _in(path: str, one: Type, name: str) -> str | None:
    return f"{path}.{name}" if any(name in member.fields for member in members(one) if isinstance(member, Object)) else None


def _below(path: str, one: Type, name: str) -> str | None:
    for member in members(one):
        if isinstance(member, Object):
            for key, field in member.fields.items():
                if isinstance(field.type, _HAVE_FIELDS) and (place := _in(f"{path}.{key}", field.type, name)):
                    return place
    return None


def _hint(place: str | None) -> str | None:
    return f"did you mean {place}?" if place else None
