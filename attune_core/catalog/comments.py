"""Where the texts of a YAML document stand, so that a `#` inside one is not taken for a comment.

Called by `suppression` for the few documents that hold its words.
"""

from bisect import bisect_right
from collections.abc import Iterator

from attune_core.catalog.nodes import Document, Node


class Texts:
    """The stretches of a document's keys and values, in order."""

    def __init__(self, document: Document) -> None:
        """Collect them."""
        text = document.text
        stretches = sorted(_stretch(text, node) for node in _scalars(document.root))
        self._starts, self._ends = [start for start, _ in stretches], [end for _, end in stretches]
        self._last_lines: dict[int, int] = {}
        for node in _scalars(document.root):
            if node.end.line > node.start.line:
                whole = text[node.start.index : node.end.index].rstrip()
                self._last_lines[node.start.line + 1] = node.start.line + 1 + whole.count("\n")

    def hold(self, offset: int) -> bool:
        """Tell whether a character belongs to a key or value."""
        place = bisect_right(self._starts, offset) - 1
        return place >= 0 and offset < self._ends[place]

    def last_line(self, line: int) -> int:
        """Return the last line of the text that starts on a line; the line itself if it is of one line."""
        return self._last_lines.get(line, line)


def _scalars(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.members is not None:
            waiting.extend(one for pair in node.members.values() for one in pair)
        elif node.items is not None:
            waiting.extend(node.items)
        else:
            yield node


def _stretch(text: str, node: Node) -> tuple[int, int]:
    """Return where a text's own characters stand; behind `|` and `>` the line may end with a comment."""
    start = node.start.index
    if node.style in ("|", ">"):
        start = max(text.find("\n", start), start)
    return start, node.end.index
