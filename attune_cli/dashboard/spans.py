"""Spans: text in a tone, harmless by construction, fitted into columns of a terminal's cells; the material of all views.

Called by everything in views; the board turns lines of spans into what Textual draws. Nothing else makes text for the screen, so that
whatever came from outside has passed safe_text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size

from attune_core.safe_text import safe_text

#: No screen shows more of one text at once.
LONGEST = 2048


class Tone(StrEnum):
    """How a text is meant; the board knows what that looks like, with colours and without."""

    PLAIN = "plain"
    STRONG = "strong"
    QUIET = "quiet"
    GOOD = "good"
    BAD = "bad"
    ODD = "odd"
    BUSY = "busy"
    ALARM = "alarm"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Span:
    """A text that is only text, on one line."""

    text: str
    tone: Tone = Tone.PLAIN

    def __post_init__(self) -> None:
        """Make it harmless, whoever made it."""
        object.__setattr__(self, "text", safe_text(self.text, limit=LONGEST))


Line: TypeAlias = tuple[Span, ...]

#: What stands between two columns.
GAP = 2


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table: a fixed width, so that nothing moves while values change, and a share of the room that is left."""

    title: str
    width: int
    grow: int = 0
    right: bool = False
    #: Where not all have room, those with the highest number are left out first; 0 never is.
    spare: int = 0


def line(text: str, tone: Tone = Tone.PLAIN) -> Line:
    """Return a line of one span."""
    return (Span(text, tone),)


def width_of(content: Line) -> int:
    """Return how many cells a line takes."""
    return sum(cell_len(span.text) for span in content)


def fitted(span: Span, width: int, *, right: bool = False) -> Span:
    """Return a span of exactly that width; what does not fit ends in `…`."""
    if width <= 0:
        return Span("")
    taken = cell_len(span.text)
    if taken > width:
        return Span(set_cell_size(span.text, width - 1) + "…", span.tone)
    space = " " * (width - taken)
    return Span(space + span.text if right else span.text + space, span.tone)


def filled(content: Line, width: int) -> Line:
    """Return a line of exactly that width."""
    left, parts = width, []
    for span in content:
        taken = cell_len(span.text)
        if taken > left:
            parts.append(fitted(span, left))
            return tuple(parts)
        parts.append(span)
        left -= taken
    return (*parts, Span(" " * left)) if left else tuple(parts)


def apart(left: Line, right: Line, width: int) -> Line:
    """Return one line with its parts at both ends; the left one gives way."""
    room = max(width - width_of(right) - 1, 0)
    return filled((*filled(left, room), Span(" "), *right), width)


def beside(left: Sequence[Line], right: Sequence[Line], width: int, *, gap: int = 3) -> Iterator[Line]:
    """Yield two blocks beside each other; the left one is that wide."""
    for number in range(max(len(left), len(right))):
        first = left[number] if number < len(left) else ()
        second = right[number] if number < len(right) else ()
        yield (*filled(first, width), Span(" " * gap), *second)


def chosen(content: Line, width: int) -> Line:
    """Return a line as the one that a key would act on."""
    return tuple(Span(span.text, Tone.CHOSEN) for span in filled(content, width))


def laid_out(columns: Sequence[Column], width: int) -> Sequence[tuple[Column, int]]:
    """Return the columns that have room, and how wide each is."""
    used = list(columns)
    while (free := _free(used, width)) < 0 and (least := max(used, key=lambda column: column.spare)).spare:
        used.remove(least)
    shares = sum(column.grow for column in used)
    found = []
    for column in used:
        more = free * column.grow // shares if shares and free > 0 else 0
        found.append((column, column.width + more))
    return found


def _free(columns: Sequence[Column], width: int) -> int:
    return width - sum(column.width for column in columns) - GAP * (len(columns) - 1)


def heading(columns: Sequence[Column], width: int) -> Line:
    """Return the titles."""
    cells = [fitted(Span(column.title, Tone.QUIET), size, right=column.right) for column, size in laid_out(columns, width)]
    return filled(_joined(cells), width)


def row(columns: Sequence[Column], cells: Sequence[Span], width: int) -> Line:
    """Return one row; there is a cell for each column, also for those that have no room."""
    of_column = {column.title: cell for column, cell in zip(columns, cells, strict=True)}
    sized = [fitted(of_column[column.title], size, right=column.right) for column, size in laid_out(columns, width)]
    return filled(_joined(sized), width)


def _joined(cells: Sequence[Span]) -> Line:
    found: list[Span] = []
    for cell in cells:
        found += [Span(" " * GAP), cell] if found else [cell]
    return tuple(found)
