"""What messages are made of: the hint under a wrong name ("did you mean", else what there is), and pieces of source.

Called by the checker, and by compiled programs when they fail.
"""

import heapq
from collections.abc import Iterable
from itertools import islice
from operator import eq

#: More names than this in a hint are not read by anybody.
_MOST_NAMES = 8
_MOST_ALIKE, _MOST_COMPARED = 500, 12
_LONGEST_QUOTE = 60


def suggestion(wrong: str, known: Iterable[str]) -> str | None:
    """Return a hint for a misspelt name, None if nothing is known."""
    import difflib

    names = sorted(known)
    if not names:
        return None
    # difflib is slow, and a name of hundreds of characters is nobody's slip of the finger.
    room = 2 + len(wrong) // 2
    alike = islice((name for name in names if abs(len(name) - len(wrong)) <= room), _MOST_ALIKE)
    nearest = heapq.nlargest(_MOST_COMPARED, alike, key=lambda name: _shared(wrong, name))
    close = difflib.get_close_matches(wrong, nearest, n=1) if len(wrong) <= 64 else []
    if close:
        return f"did you mean '{close[0]}'?"
    shown = ", ".join(names[:_MOST_NAMES])
    return f"there is: {shown}" + (", ..." if len(names) > _MOST_NAMES else "")


def _shared(one: str, other: str) -> int:
    """Return how many characters stand in the same place, counted from the front and from the back: a slip leaves most of them."""
    same: int = sum(map(eq, one, other)) + sum(map(eq, reversed(one), reversed(other)))
    return same


def one_line(text: str) -> str:
    """Return a piece of source on one line, to be copied from a hint."""
    return text.strip() if text.isprintable() else " ".join(text.split())


def clipped(text: str) -> str:
    """Return a piece of source on one line, shortened for a message."""
    line = one_line(text)
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 3] + "..."
