"""Does a value of one type fit where another is expected; asked by `check` for conditions, parameters and keys."""

from attune_core.expressions.types import Dyn, Secret, Type


def fits(actual: Type, expected: Type) -> bool:
    """Tell whether some value of `actual` is accepted as `expected`; False only where none ever is. Secrets fit only secrets."""
    if isinstance(actual, Secret) or isinstance(expected, Secret):
        return isinstance(actual, Secret) and isinstance(expected, Secret)
    return isinstance(actual, Dyn) or isinstance(expected, Dyn) or type(actual) is type(expected)
