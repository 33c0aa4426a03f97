"""The page of keys: what works on the screen that one came from, and what can be typed after `:` and `/`.

Opened by `?`.
"""

from collections.abc import Sequence

from attune_cli.dashboard.around import Around
from attune_cli.dashboard.keys import BACK, HELP, MOVING, PALETTE, QUIT, Key
from attune_cli.dashboard.screens.looking import bindings_of
from attune_cli.dashboard.screens.scrolled import ScrolledScreen
from attune_cli.dashboard.sheets import Sheet, text_sheet
from attune_cli.dashboard.spans import Line, Span, Tone, line

_TYPED = (
    (":executions failed", "a list, filtered: states, outcomes, actions, agent=NAME, event=17, or any word"),
    (":execution 12  :event 17  :agent web1", "one thing; a bare number is an execution"),
    (":logs 12  :explain event 17", "its logs; why it is as it is"),
    (":quit", "leave"),
)


class KeysScreen(ScrolledScreen):
    """A page of text."""

    KEYS = (*MOVING, BACK, PALETTE, QUIT)
    BINDINGS = bindings_of((BACK,))

    def __init__(self, around: Around, keys: Sequence[Key]) -> None:
        """Take the keys of the screen that one came from."""
        super().__init__(around)
        self._of = tuple(dict.fromkeys(key for key in keys if key != HELP))

    @property
    def heading(self) -> str:
        """What it is."""
        return "keys"

    def sheet(self, width: int) -> Sheet:
        """Return the keys, one a line."""
        lines: list[Line] = [line("What the keys do where you came from", Tone.STRONG), ()]
        lines += [(Span(f"{key.shown:>9}", Tone.STRONG), Span(f"   {key.meaning}")) for key in self._of]
        lines += [(), line("What can be typed after : (a few letters of a word are enough)", Tone.STRONG), ()]
        for typed, meaning in _TYPED:
            lines += [(Span(f"  {typed:<40}", Tone.STRONG), Span(meaning if width > 100 else ""))]
            lines += [] if width > 100 else [line(f"      {meaning}", Tone.QUIET)]
        return text_sheet(lines)

    def action_keys(self) -> None:
        """Go back: the key that opened it closes it."""
        self.around.leave()
