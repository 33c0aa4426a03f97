"""Paging: a list of any length, of which a few pages are kept: reading on below drops the first one, going up reads it again; pure.

Called by the screen of a list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from attune_cli.dashboard.views.rows import Row

#: Rows of a page, and pages that are kept.
PAGE, MOST = 100, 6


@dataclass(kw_only=True)
class Paging:
    """`before` are the cursors of pages above the kept ones; each kept page has the cursor that it was asked with."""

    kept: list[tuple[str, Sequence[Row]]] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    #: The cursor of the page below the last one, "" at the end of the list.
    next: str = ""

    @property
    def rows(self) -> list[Row]:
        """All that are kept, in their order."""
        return [row for _, page in self.kept for row in page]

    @property
    def at_the_top(self) -> bool:
        """Tell whether the first kept page is the list's first."""
        return not self.before

    @property
    def skipped(self) -> int:
        """How many rows stand above the kept ones, as far as that is known."""
        return PAGE * len(self.before)

    def freshen(self, page: Sequence[Row], after: str) -> None:
        """Take the first page anew; further ones are kept as long as they go on where it ends."""
        if len(self.kept) > 1 and self.kept[1][0] == after:
            self.kept[0] = ("", page)
        else:
            self.kept, self.before, self.next = [("", page)], [], after

    def below(self, cursor: str, page: Sequence[Row], after: str) -> int:
        """Take the page that follows; return how many rows were dropped above."""
        if not self.kept or cursor != self.next:  # the list began anew while it was asked for
            return 0
        self.kept.append((cursor, page))
        self.next = after
        if len(self.kept) <= MOST:
            return 0
        dropped, rows = self.kept.pop(0)
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
