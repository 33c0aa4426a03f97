"""Why: the explanation of an execution, an event or an agent, as `attune explain` gives it.

Opened by `e`, or by `:explain execution 12`.
"""

from attune_cli.asking import Explained
from attune_cli.dashboard.around import Around
from attune_cli.dashboard.keys import BACK, HELP, MOVING, PALETTE, QUIT
from attune_cli.dashboard.places import Thing
from attune_cli.dashboard.reading import read_why
from attune_cli.dashboard.screens.looking import bindings_of
from attune_cli.dashboard.screens.scrolled import ScrolledScreen
from attune_cli.dashboard.sheets import Sheet, text_sheet
from attune_cli.dashboard.spans import Tone, line
from attune_cli.dashboard.views.details import why_sheet
from attune_core.errors import AttuneError


class WhyScreen(ScrolledScreen):
    """One explanation, kept up to date."""

    KEYS = (*MOVING, BACK, PALETTE, HELP, QUIT)
    BINDINGS = bindings_of((BACK,))

    def __init__(self, around: Around, thing: Thing) -> None:
        """Take what is to be explained."""
        super().__init__(around)
        self._thing = thing
        self._explained: Explained | None = None
        self._reading = False
        self._error = ""
        self.tab = f"{thing.kind}s"

    @property
    def heading(self) -> str:
        """What it is."""
        return f"why: {self._thing}"

    def sheet(self, width: int) -> Sheet:
        """Return the explanation."""
        if self._explained is not None:
            return why_sheet(self._explained, width)
        return text_sheet([line(self._error or "asking …", Tone.BAD if self._error else Tone.QUIET)])

    def read(self) -> None:
        """Ask for it."""
        if not self._reading:
            self._reading = True
            self.around.ask(lambda asks: read_why(asks, self._thing), self._take, self._fail)

    def changed(self, kinds: frozenset[str]) -> None:
        """Ask again: anything may be a cause."""
        if kinds & {"reset", "execution", "queue", self._thing.kind}:
            self.read()

    def _take(self, explained: Explained) -> None:
        self._explained, self._reading = explained, False
        self.redraw()

    def _fail(self, error: AttuneError) -> None:
        self._reading = False
        self._error = f"{error.message}; what to do: {error.hint}"
        self.redraw()
