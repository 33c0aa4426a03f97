"""Lists: executions, events, queues, agents and rules, a few pages of each at a time, filtered by the server as far as it can.

Opened by the app, by its digit, by `:` or by a filter.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from attune_cli.dashboard.around import Around
from attune_cli.dashboard.keys import BACK, CANCEL, CORDON, EXPLAIN, FILTER, HELP, LOGS, MOVING, OPEN, PALETTE, PAUSE, QUIT, RERUN, Key
from attune_cli.dashboard.model import moved
from attune_cli.dashboard.paging import Paging
from attune_cli.dashboard.places import Kind, Listed, Logs, filter_of
from attune_cli.dashboard.reading import read_page
from attune_cli.dashboard.screens.looking import bindings_of
from attune_cli.dashboard.screens.scrolled import ScrolledScreen
from attune_cli.dashboard.sheets import Scroll, Sheet
from attune_cli.dashboard.spans import Line, Span, heading, row
from attune_cli.dashboard.views.rows import COLUMNS, Row, cells_of, thing_of
from attune_core.errors import AttuneError
from attune_core.wire.api import ExecutionView
from attune_core.wire.changes import ExecutionChange

#: Rows before the end of what is kept from which on the next page is asked for.
_NEAR = 20
_OWN: dict[Kind, tuple[Key, ...]] = {
    "execution": (EXPLAIN, LOGS, CANCEL, RERUN),
    "event": (EXPLAIN,),
    "queue": (PAUSE,),
    "agent": (EXPLAIN, CORDON),
    "rule": (),
}
#: Lists that the controller also gives from the oldest on; to the end of others all pages are read.
_BOTH_WAYS = ("execution", "event")
_ALL = (OPEN, BACK, EXPLAIN, LOGS, CANCEL, RERUN, PAUSE, CORDON, FILTER, PALETTE, HELP, QUIT)


class ListScreen(ScrolledScreen):
    """One list."""

    BINDINGS = bindings_of(_ALL)

    def __init__(self, around: Around, listed: Listed) -> None:
        """Take which list, and what is left out of it."""
        super().__init__(around)
        self._listed, self._paging = listed, Paging()
        self.tab = f"{listed.kind}s"
        self._reading = False
        #: Of the last jump or filter: an answer to what was asked before is dropped.
        self._turn = 0
        #: On the way to the end of a list that the controller gives in one order only.
        self._to_end = False
        self._error = ""
        self.KEYS = (*MOVING, OPEN, *_OWN[listed.kind], FILTER, PALETTE, HELP, BACK, QUIT)

    @property
    def heading(self) -> str:
        """What is filtered by, and where the cursor stands in what may go on."""
        shown = self._rows()
        mark = f"/{self._listed.filter}  " if self._listed.filter else ""
        if self._paging.from_end and shown:
            below = self._paging.beneath + len(shown) - self.scroll_state.cursor - 1
            return f"{mark}{below:,} before the last" if below else f"{mark}the last"
        place = self._paging.skipped + self.scroll_state.cursor + 1 if shown else 0
        more = "+" if self._paging.next else ""
        return f"{mark}{place:,} of {self._paging.skipped + len(shown):,}{more}"

    @property
    def filter_text(self) -> str:
        """What is filtered by now."""
        return self._listed.filter

    def filter_by(self, text: str) -> None:
        """Show what matches, from the top."""
        self._listed = Listed(kind=self._listed.kind, filter=text)
        self._paging, self.scroll_state = Paging(), Scroll()
        self._reading = self._to_end = False
        self._turn += 1
        self.read()

    def _rows(self) -> Sequence[Row]:
        holds = filter_of(self._listed.kind, self._listed.filter)
        if not holds.words:
            return self._paging.rows
        now = self.around.now()
        return [one for one in self._paging.rows if holds.holds(" ".join(cell.text for cell in cells_of(one, now)))]

    def sheet(self, width: int) -> Sheet:
        """Return the rows that are kept."""
        rows, columns, now = self._rows(), COLUMNS[self._listed.kind], self.around.now()
        head: Line = (Span(" "), *heading(columns, width - 2))
        return Sheet(
            head=(head,),
            size=len(rows),
            draw=lambda number: row(columns, cells_of(rows[number], now), width - 2),
            thing=lambda number: thing_of(rows[number]) if number < len(rows) else None,
            empty=self._nothing(),
        )

    def _nothing(self) -> str:
        if self._error:
            return self._error
        if self._reading:
            return "reading …"
        return f"no {self.tab} match {self._listed.filter!r}: press / for another filter" if self._listed.filter else f"no {self.tab}"

    def chosen_document(self) -> Row | None:
        """Return the row under the cursor."""
        rows, cursor = self._rows(), self.scroll_state.cursor
        return rows[cursor] if cursor < len(rows) else None

    def action_logs(self) -> None:
        """Show what the execution under the cursor writes."""
        if isinstance(one := self.chosen_document(), ExecutionView):
            self.around.go(Logs(execution=str(one.number)))
        else:
            self.around.tell("choose an execution first: it has logs", good=False)

    # Reading.

    def read(self) -> None:
        """Ask for the first page again; one that stands further below is not disturbed."""
        if self._reading or not self._paging.at_the_top:
            return
        self._ask("", self._paging.freshen)

    def changed(self, kinds: frozenset[str]) -> None:
        """Read again when it is of these."""
        if "reset" in kinds or self._listed.kind in kinds or (self._listed.kind == "queue" and "execution" in kinds):
            self.read()

    def told(self, changes: Mapping[str, ExecutionChange]) -> None:
        """Let executions that are seen, however far below, stand as they do now."""
        if changes:
            self._paging.change(lambda row: moved(row, changes[row.id]) if isinstance(row, ExecutionView) and row.id in changes else row)

    def moved(self) -> None:
        """Read on before the end of what is kept, and back before its beginning."""
        if self._reading:
            return
        below = self.scroll_state.cursor > len(self._rows()) - _NEAR
        if below and self._paging.next:
            cursor = self._paging.next
            self._ask(cursor, partial(self._paging.below, cursor))
        elif self.scroll_state.cursor < _NEAR and not self._paging.at_the_top:
            if self._paging.from_end:
                cursor = self._paging.climb
                self._ask(cursor, partial(self._paging.climbed, cursor), oldest=True)
            else:
                cursor = self._paging.before[-1]
                self._ask(cursor, lambda page, _after: self._paging.above(cursor, page))

    def action_home(self) -> None:
        """Go to the list's first row, wherever that is."""
        if self._paging.at_the_top:
            super().action_home()
        else:
            self._jump(self._paging.begin, oldest=False)

    def action_end(self) -> None:
        """Go to the list's last row, wherever that is."""
        super().action_end()
        if not self._paging.next:
            return
        if self._listed.kind in _BOTH_WAYS:
            self._jump(self._paging.begin_at_end, oldest=True)
        else:
            self._to_end = True

    def _jump(self, take: Callable[[Sequence[Row], str], object], *, oldest: bool) -> None:
        self._turn += 1

        def arrive(page: Sequence[Row], after: str) -> None:
            take(page, after)
            self.scroll_state = Scroll().to(len(self._rows()) - 1 if oldest else 0, len(self._rows()))

        self._ask("", arrive, oldest=oldest, jumps=True)

    def _move(self, by: int) -> None:
        self._to_end = False
        super()._move(by)

    def _ask(self, cursor: str, take: Callable[[Sequence[Row], str], object], *, oldest: bool = False, jumps: bool = False) -> None:
        """Ask for a page, and take it unless something else is looked for by then."""
        listed, asked, turn = self._listed, filter_of(self._listed.kind, self._listed.filter).asked, self._turn
        self._reading = True

        def then(found: tuple[Sequence[Row], str]) -> None:
            if turn != self._turn:
                return
            self._reading, self._error = False, ""
            if jumps:
                take(*found)
            else:
                self._keep_place(lambda: take(*found))
            if self._to_end:
                self.action_end()
            self.redraw()

        def failed(error: AttuneError) -> None:
            if turn == self._turn:
                self._reading, self._to_end, self._error = False, False, f"{error.message}; what to do: {error.hint}"
                self.redraw()

        self.around.ask(lambda asks: read_page(asks, listed.kind, asked, cursor, oldest=oldest), then, failed)

    def _keep_place(self, take: Callable[[], object]) -> None:
        """Let the cursor stay on what it stands on, wherever that goes; at the top it stays at the top."""
        before, chosen = self.scroll_state, self.chosen_document()
        take()
        if before.cursor == 0 or chosen is None:
            return
        things = [thing_of(one) for one in self._rows()]
        if thing_of(chosen) in things:
            cursor = things.index(thing_of(chosen))
            self.scroll_state = Scroll(cursor=cursor, top=max(before.top + cursor - before.cursor, 0) if before.top else 0)
