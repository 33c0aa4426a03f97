"""Sheets: lines that may be more than there is room for, of which some stand for a thing; how a cursor moves over them; pure.

Called by the screens. A line is drawn only when it is seen, so that a long list costs no more than a short one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from attune_cli.dashboard.places import Thing
from attune_cli.dashboard.spans import Line, Span, Tone, chosen, filled, line


def _nothing(_number: int) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """`head` stays in place above `size` lines; `thing` is what a line stands for."""

    head: tuple[Line, ...] = ()
    size: int
    draw: Callable[[int], Line]
    thing: Callable[[int], Thing | None] = field(default=_nothing)
    empty: str = ""


@dataclass(frozen=True, kw_only=True)
class Scroll:
    """Where the cursor stands, and which line is the first that is seen."""

    cursor: int = 0
    top: int = 0

    def move(self, by: int, size: int) -> "Scroll":
        """Return it so many lines on, within what there is."""
        return self.to(self.cursor + by, size)

    def to(self, cursor: int, size: int) -> "Scroll":
        """Return it at a line."""
        return Scroll(cursor=max(min(cursor, size - 1), 0), top=self.top)

    def shifted(self, by: int) -> "Scroll":
        """Return it with everything that many lines on, because lines above came or went."""
        return Scroll(cursor=max(self.cursor + by, 0), top=max(self.top + by, 0))

    def within(self, size: int, height: int) -> "Scroll":
        """Return it so that the cursor is seen, and no room is left empty that could show something."""
        cursor = max(min(self.cursor, size - 1), 0)
        top = min(self.top, cursor, max(size - height, 0))
        return Scroll(cursor=cursor, top=max(top, cursor - height + 1, 0))


def text_sheet(lines: Sequence[Line], things: dict[int, Thing] | None = None, *, empty: str = "") -> Sheet:
    """Return a sheet of lines that are drawn already."""
    known = things or {}
    return Sheet(size=len(lines), draw=lambda number: lines[number], thing=known.get, empty=empty)


def room_of(sheet: Sheet, height: int) -> int:
    """Return how many lines below the head are seen."""
    return max(height - len(sheet.head), 1)


def sheet_lines(sheet: Sheet, scroll: Scroll, width: int, height: int) -> list[Line]:
    """Return what is seen; the line under the cursor is marked when it stands for something."""
    found = [filled(one, width) for one in sheet.head]
    if not sheet.size:
        return [*found, filled(line(f"   {sheet.empty}", Tone.QUIET), width)]
    for number in range(scroll.top, min(scroll.top + room_of(sheet, height), sheet.size)):
        content = (Span(" "), *sheet.draw(number))
        found.append(chosen(content, width) if number == scroll.cursor and sheet.thing(number) else filled(content, width))
    return found
