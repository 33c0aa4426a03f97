"""Does a value of one type fit where another is expected; asked by `check` for conditions, parameters and keys.

The answer is no only where no value ever fits: what a schema leaves open is checked again when the input is made.
"""

from attune_core.expressions.types import Bool, Double, Dyn, Int, List, Map, Object, OneOf, Secret, String, Type, carries_secret


def fits(actual: Type, expected: Type) -> bool:
    """Tell whether some value of `actual` is accepted as `expected`. Secrets fit only secrets, and secrets take nothing else."""
    if isinstance(actual, Secret) or isinstance(expected, Secret):
        return isinstance(actual, Secret) and isinstance(expected, Secret)
    if carries_secret(actual):
        return False
    if isinstance(actual, Dyn) or isinstance(expected, Dyn):
        return True
    if isinstance(actual, OneOf):
        return any(fits(member, expected) for member in actual.members)
    if isinstance(expected, OneOf):
        return any(fits(actual, member) for member in expected.members)
    return _one_fits(actual, expected)


def _one_fits(actual: Type, expected: Type) -> bool:
    match actual, expected:
        case (Int(), Double()):
            return True
        case (String() | Int() | Bool(), String() | Int() | Bool()):
            return type(actual) is type(expected) and _share_a_choice(actual, expected)
        case (List(), List()):
            return _list_fits(actual, expected)
        case (Map() | Object(), Map() | Object()):
            return _object_fits(_as_object(actual), _as_object(expected))
        case _:
            return type(actual) is type(expected)


def _share_a_choice(one: String | Int | Bool, other: String | Int | Bool) -> bool:
    return one.choices is None or other.choices is None or any(choice in other.choices for choice in one.choices)


def _list_fits(actual: List, expected: List) -> bool:
    """Compare place by place where a tuple is written; an empty list fits anything, but items that never fit are a mistake."""
    places = max(len(actual.first), len(expected.first))
    pairs = [(_at(actual, place), _at(expected, place)) for place in range(places)] or [(actual.item, expected.item)]
    return all(given is None or wanted is None or fits(given, wanted) for given, wanted in pairs)


def _at(one: List, place: int) -> Type | None:
    if place < len(one.first):
        return one.first[place]
    return None if one.closed else one.item


def _as_object(one: Map | Object) -> Object:
    return one if isinstance(one, Object) else Object({}, extra=one.value)


def _object_fits(actual: Object, expected: Object) -> bool:
    for name, wanted in expected.fields.items():
        given = actual.fields.get(name)
        if given is not None:
            if (given.required or wanted.required) and not fits(given.type, wanted.type):
                return False
        elif wanted.required and (actual.extra is None or not fits(actual.extra, wanted.type)):
            return False
    undeclared = [field.type for name, field in actual.fields.items() if field.required and name not in expected.fields]
    if expected.extra is not None:
        extra = expected.extra
        undeclared_fit = all(fits(one, extra) for one in undeclared)
        #: Two maps: an empty one fits anything, but values that never fit are a mistake.
        return undeclared_fit and (actual.extra is None or bool(actual.fields) or bool(expected.fields) or fits(actual.extra, extra))
    return not (expected.closed and undeclared)
