"""One thing: an execution, event, queue, agent or rule with all that is known of it, and what belongs to it.

Opened by Enter on a row, or by `:`.
"""

from attune_cli.dashboard.around import Around
from attune_cli.dashboard.keys import BACK, CANCEL, CORDON, EXPLAIN, HELP, LOGS, MOVING, OPEN, PALETTE, PAUSE, QUIT, RERUN, Key
from attune_cli.dashboard.places import Kind, Logs, Thing
from attune_cli.dashboard.reading import Detail, read_detail
from attune_cli.dashboard.screens.looking import bindings_of
from attune_cli.dashboard.screens.scrolled import ScrolledScreen
from attune_cli.dashboard.sheets import Sheet, text_sheet
from attune_cli.dashboard.spans import Tone, line
from attune_cli.dashboard.views.details import detail_sheet, first_row
from attune_cli.dashboard.views.rows import Row
from attune_core.errors import AttuneError
from attune_core.wire.queues import QueueContent

_OWN: dict[Kind, tuple[Key, ...]] = {
    "execution": (EXPLAIN, LOGS, CANCEL, RERUN),
    "event": (OPEN, EXPLAIN),
    "queue": (OPEN, PAUSE),
    "agent": (OPEN, EXPLAIN, CORDON),
    "rule": (OPEN,),
}


class ThingScreen(ScrolledScreen):
    """One thing."""

    BINDINGS = bindings_of((OPEN, EXPLAIN, LOGS, CANCEL, RERUN, PAUSE, CORDON, BACK))

    def __init__(self, around: Around, thing: Thing) -> None:
        """Take which one."""
        super().__init__(around)
        self._thing = thing
        self._detail: Detail | None = None
        self._reading = False
        self._error = ""
        self.tab = f"{thing.kind}s"
        self.KEYS = (*MOVING, *_OWN[thing.kind], BACK, PALETTE, HELP, QUIT)

    @property
    def heading(self) -> str:
        """What it is."""
        return str(self._thing)

    def sheet(self, width: int) -> Sheet:
        """Return all that is known of it."""
        if self._detail is not None:
            return detail_sheet(self._detail, width, self.around.now())
        return text_sheet([line(self._error or "reading …", Tone.BAD if self._error else Tone.QUIET)])

    def chosen_document(self) -> Row | QueueContent | None:
        """Return the thing itself: orders are for it, not for what belongs to it."""
        return self._detail.document if self._detail else None

    def action_explain(self) -> None:
        """Say why it is as it is."""
        self.explain(self._thing)

    def action_logs(self) -> None:
        """Show what it writes."""
        if self._thing.kind == "execution":
            self.around.go(Logs(execution=self._thing.name))
        else:
            self.around.tell("choose an execution first: it has logs", good=False)

    def read(self) -> None:
        """Ask for it."""
        if not self._reading:
            self._reading = True
            self.around.ask(lambda asks: read_detail(asks, self._thing), self._take, self._fail)

    def changed(self, kinds: frozenset[str]) -> None:
        """Read again when it, or what belongs to it, may be another."""
        if kinds & {"reset", "execution", self._thing.kind}:
            self.read()

    def _take(self, detail: Detail) -> None:
        first, self._reading, self._error = self._detail is None, False, ""
        self._detail = detail
        if first:
            sheet = self.sheet(self.board.size.width)
            self.scroll_state = self.scroll_state.to(first_row(sheet), sheet.size)
        self.redraw()

    def _fail(self, error: AttuneError) -> None:
        self._reading = False
        self._error = f"{error.message}; what to do: {error.hint}"
        self.redraw()
