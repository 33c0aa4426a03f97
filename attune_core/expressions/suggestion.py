"""The hint under a wrong name: "did you mean", else what there is; called by the checker."""

from collections.abc import Iterable

#: More names than this in a hint are not read by anybody.
_MOST_NAMES = 8


def suggestion(wrong: str, known: Iterable[str]) -> str | None:
    """Return a hint for a misspelt name, None if nothing is known."""
    import difflib

    names = sorted(known)
    if not names:
        return None
    #: difflib compares in quadratic time: a name of thousands of characters is nobody's slip of the finger.
    close = difflib.get_close_matches(wrong, names, n=1) if len(wrong) <= 64 else []
    if close:
        return f"did you mean '{close[0]}'?"
    shown = ", ".join(names[:_MOST_NAMES])
    return f"there is: {shown}" + (", ..." if len(names) > _MOST_NAMES else "")
