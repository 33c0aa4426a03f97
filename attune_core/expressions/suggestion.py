"""What messages are made of: the hint under a wrong name ("did you mean", else what there is), and pieces of source.

Called by the checker, and by compiled programs when they fail.
"""

from collections.abc import Iterable

#: More names than this in a hint are not read by anybody.
_MOST_NAMES = 8
_MOST_COMPARED = 500
_LONGEST_QUOTE = 60


def suggestion(wrong: str, known: Iterable[str]) -> str | None:
    """Return a hint for a misspelt name, None if nothing is known."""
    import difflib

    names = sorted(known)
    if not names:
        return None
    #: difflib is slow, and a name of hundreds of characters is nobody's slip of the finger.
    alike = [name for name in names if abs(len(name) - len(wrong)) <= 2 + len(wrong) // 2][:_MOST_COMPARED]
    close = difflib.get_close_matches(wrong, alike, n=1) if len(wrong) <= 64 else []
    if close:
        return f"did you mean '{close[0]}'?"
    shown = ", ".join(names[:_MOST_NAMES])
    return f"there is: {shown}" + (", ..." if len(names) > _MOST_NAMES else "")


def clipped(text: str) -> str:
    """Return a piece of source on one line, shortened for a message."""
    line = text.strip() if text.isprintable() else " ".join(text.split())
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 3] + "..."
