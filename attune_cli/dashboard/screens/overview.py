"""The first screen: what the controller is doing.

Opened by the app; Enter opens what is chosen.
"""

from collections.abc import Sequence

from attune_cli.dashboard.keys import CORDON, DOWN, EXPLAIN, FILTER, HELP, OPEN, PALETTE, PAUSE, QUIT, RERUN, UP
from attune_cli.dashboard.places import Thing
from attune_cli.dashboard.screens.looking import LookingScreen, bindings_of
from attune_cli.dashboard.spans import Line, Tone, line
from attune_cli.dashboard.views.overview import overview_lines, overview_things
from attune_cli.dashboard.views.rows import Row, thing_of


class OverviewScreen(LookingScreen):
    """Figures and panels."""

    KEYS = (UP, DOWN, OPEN, EXPLAIN, RERUN, PAUSE, CORDON, FILTER, PALETTE, HELP, QUIT)
    BINDINGS = bindings_of(KEYS)
    tab = "overview"
    _at: Thing | None = None
    _things: Sequence[Thing] = ()

    def body(self, width: int, height: int) -> Sequence[Line]:
        """Return the figures and the panels; what is chosen stays chosen wherever it goes."""
        overview = self.around.picture.overview
        if overview is None:
            return [line(" asking the controller …", Tone.QUIET)]
        now = self.around.now()
        self._things = overview_things(overview, width, height, now)
        if self._at not in self._things:
            self._at = self._things[0] if self._things else None
        return overview_lines(overview, width, height, now, self._at)

    def chosen_thing(self) -> Thing | None:
        """Return what is marked."""
        return self._at

    def chosen_document(self) -> Row | None:
        """Return its row."""
        overview = self.around.picture.overview
        rows: list[Row] = [*overview.queues, *overview.agents, *overview.failures] if overview else []
        return next((row for row in rows if thing_of(row) == self._at), None)

    def action_move(self, by: int) -> None:
        """Choose the next one, over the borders of the panels."""
        if self._things:
            place = self._things.index(self._at) if self._at in self._things else 0
            self._at = self._things[max(min(place + by, len(self._things) - 1), 0)]
            self.redraw()

    def action_back(self) -> None:
        """Leave the prompt or the question; there is nothing behind this screen."""
        if self._asked or self._order:
            super().action_back()
