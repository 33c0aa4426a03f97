"""Paging: a list of any length, of which a few pages are kept: reading on below drops the first one, going up reads it again; pure.

Called by the screen of a list. A list is begun at its beginning, or at its end: then pages above are asked for from the oldest on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from attune_cli.dashboard.views.rows import Row
from attune_core.wire.api import EventView, ExecutionView

#: Rows of a page, and pages that are kept.
PAGE, MOST = 100, 6


def place_in_order(row: Row) -> str:
    """Return the cursor above and below a row, of those lists that the controller gives from the oldest on; "" of the others."""
    match row:
        case ExecutionView():
            return str(row.number)
        case EventView():
            return str(row.position)
        case _:
            return ""


@dataclass(kw_only=True)
class Paging:
    """`before` are the cursors of pages above the kept ones; each kept page has the cursor that it was asked with."""

    kept: list[tuple[str, Sequence[Row]]] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    #: The cursor of the page below the last one, "" at the end of the list.
    next: str = ""
    #: Begun at the end: then `climb` is the cursor of the page above ("": there is none), and so many known rows are below the kept ones.
    from_end: bool = False
    climb: str = ""
    beneath: int = 0

    @property
    def rows(self) -> list[Row]:
        """All that are kept, in their order."""
        return [row for _, page in self.kept for row in page]

    @property
    def at_the_top(self) -> bool:
        """Tell whether the first kept page is the list's first."""
        return not self.climb if self.from_end else not self.before

    @property
    def skipped(self) -> int:
        """How many rows stand above the kept ones, as far as that is known."""
        return PAGE * len(self.before)

    def freshen(self, page: Sequence[Row], after: str) -> None:
        """Take the first page anew; further ones are kept as long as they go on where it ends."""
        if len(self.kept) > 1 and self.kept[1][0] == after:
            self.kept[0] = ("", page)
        else:
            self.begin(page, after)

    def begin(self, page: Sequence[Row], after: str) -> None:
        """Take the list's first page, and nothing else."""
        self.kept, self.before, self.next = [("", page)], [], after
        self.from_end, self.climb, self.beneath = False, "", 0

    def begin_at_end(self, page: Sequence[Row], above: str) -> None:
        """Take the list's last page, and nothing else; `above` is the cursor of the one before."""
        self.begin(page, "")
        self.from_end, self.climb = True, above

    def climbed(self, cursor: str, page: Sequence[Row], above: str) -> int:
        """Take the page before the kept ones of a list that was begun at its end; return how many rows were added above."""
        if not self.from_end or cursor != self.climb:
            return 0
        self.climb = above
        if page:
            self.kept[0] = (place_in_order(page[-1]), self.kept[0][1])
            self.kept.insert(0, ("", page))
        if len(self.kept) > MOST:
            self.next, rows = self.kept.pop()
            self.beneath += len(rows)
        return len(page)

    def below(self, cursor: str, page: Sequence[Row], after: str) -> int:
        """Take the page that follows; return how many rows were dropped above."""
        if not self.kept or cursor != self.next:  # the list began anew while it was asked for
            return 0
        self.kept.append((cursor, page))
        self.next, self.beneath = after, max(self.beneath - len(page), 0)
        if len(self.kept) <= MOST:
            return 0
        dropped, rows = self.kept.pop(0)
        if self.from_end:
            self.climb = place_in_order(rows[-1]) if not self.kept[0][1] else place_in_order(self.kept[0][1][0])
        else:
            self.before.append(dropped)
        return len(rows)

    def above(self, cursor: str, page: Sequence[Row]) -> int:
        """Take the page before the kept ones; return how many rows were added above."""
        if not self.before or self.before[-1] != cursor:
            return 0
        self.before.pop()
        self.kept.insert(0, (cursor, page))
        if len(self.kept) > MOST:
            self.next = self.kept.pop()[0]
        return len(page)

    def change(self, row: Callable[[Row], Row]) -> None:
        """Put what a function returns in each kept row's place."""
        self.kept = [(cursor, [row(one) for one in page]) for cursor, page in self.kept]
