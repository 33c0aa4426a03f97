"""Scrolled: a screen whose body is a sheet with a cursor; lists, details, explanations, logs and the page of keys are such.

Called by Textual; the screens say which sheet it is.
"""

from collections.abc import Sequence

from attune_cli.dashboard.keys import MOVING
from attune_cli.dashboard.places import Thing
from attune_cli.dashboard.screens.looking import LookingScreen, bindings_of
from attune_cli.dashboard.sheets import Scroll, Sheet, room_of, sheet_lines
from attune_cli.dashboard.spans import Line


class ScrolledScreen(LookingScreen):
    """One sheet."""

    BINDINGS = bindings_of(MOVING)
    scroll_state = Scroll()
    _room = 1

    def sheet(self, width: int) -> Sheet:
        """Return what is shown."""
        raise NotImplementedError

    def body(self, width: int, height: int) -> Sequence[Line]:
        """Return the part of the sheet that the cursor is in."""
        sheet = self.sheet(width)
        self._room = room_of(sheet, height)
        self.scroll_state = self.scroll_state.within(sheet.size, self._room)
        return sheet_lines(sheet, self.scroll_state, width, height)

    def chosen_thing(self) -> Thing | None:
        """Return what stands under the cursor."""
        sheet = self.sheet(self.board.size.width)
        return sheet.thing(self.scroll_state.cursor) if sheet.size else None

    def _move(self, by: int) -> None:
        sheet = self.sheet(self.board.size.width)
        if sheet.size and sheet.thing(self.scroll_state.cursor) is None and by in (-1, 1):
            # Without a row under the cursor nothing is marked: one key moves what is seen by one line.
            edge = self.scroll_state.top + (self._room if by > 0 else -1)
            self.scroll_state = self.scroll_state.to(_next_thing(sheet, self.scroll_state.cursor, by, edge), sheet.size)
        else:
            self.scroll_state = self.scroll_state.move(by, sheet.size)
        self.moved()
        self.redraw()

    def moved(self) -> None:
        """Take note that the cursor stands elsewhere."""

    def action_move(self, by: int) -> None:
        """Go a line on."""
        self._move(by)

    def action_page(self, by: int) -> None:
        """Go a screen on."""
        self._move(by * max(self._room - 1, 2))

    def action_home(self) -> None:
        """Go to the top."""
        self._move(-self.scroll_state.cursor)

    def action_end(self) -> None:
        """Go to the last line that is known."""
        self._move(self.sheet(self.board.size.width).size)

    def on_mouse_scroll_down(self) -> None:
        """Go on as with a key."""
        self._move(3)

    def on_mouse_scroll_up(self) -> None:
        """Go back as with a key."""
        self._move(-3)


def _next_thing(sheet: Sheet, cursor: int, by: int, edge: int) -> int:
    """Return the next line that can be chosen, if it is on the way to the edge of what is seen, else the edge."""
    step = cursor + by
    while 0 <= step < sheet.size and (step <= edge if by > 0 else step >= edge):
        if sheet.thing(step) is not None:
            return step
        step += by
    return edge
