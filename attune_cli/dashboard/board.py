"""The board: the one widget that draws; it gets lines, and redraws only the cells that are not what they were.

Called by every screen, five times a second at most.
"""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from attune_cli.dashboard.spans import Line, Tone, width_of

#: The terminal's own colours, so that light and dark ones look as their owners like them; Textual leaves out colours under NO_COLOR.
STYLES: Mapping[Tone, Style] = {
    Tone.PLAIN: Style(),
    Tone.STRONG: Style(bold=True),
    Tone.QUIET: Style(dim=True),
    Tone.GOOD: Style(color="green"),
    Tone.BAD: Style(color="red", bold=True),
    Tone.ODD: Style(color="yellow"),
    Tone.BUSY: Style(color="cyan"),
    Tone.ALARM: Style(color="red", bold=True, reverse=True),
    Tone.CHOSEN: Style(reverse=True),
}


class Board(Widget):
    """Lines of spans, each as wide as the board."""

    DEFAULT_CSS = "Board { width: 1fr; height: 1fr; background: ansi_default; color: ansi_default; }"

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self._lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Draw these lines instead."""
        before, self._lines = self._lines, lines
        if len(before) != len(lines):
            self.refresh()
            return
        regions = [_changed(number, *pair) for number, pair in enumerate(zip(before, lines, strict=True)) if pair[0] != pair[1]]
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """Return one line for Textual; no text of it is markup."""
        if y >= len(self._lines):
            return Strip.blank(self.size.width)
        content = self._lines[y]
        return Strip([Segment(span.text, STYLES[span.tone]) for span in content if span.text], width_of(content))


def _changed(number: int, before: Line, after: Line) -> Region:
    """Return the cells of a line from the first to the last span that is another."""
    same = 0
    for old, new in zip(before, after, strict=False):
        if old != new:
            break
        same += cell_len(new.text)
    behind = 0
    for old, new in zip(reversed(before), reversed(after), strict=False):
        if old != new:
            break
        behind += cell_len(new.text)
    width = max(width_of(before), width_of(after))
    return Region(same, number, max(width - same - behind, 1), 1)
