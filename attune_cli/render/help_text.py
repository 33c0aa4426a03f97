"""The text of `--help`: as wide as the terminal, at most 80 columns, and broken only between words, so that an example can be copied.

Set as the formatter of every command by attune_cli.main; the library's own knows no terminal below 50 columns and breaks at hyphens.
"""

import shutil
from collections.abc import Sequence

from typer._click.formatting import HelpFormatter

from attune_cli.render.cells import cells, padded
from attune_cli.render.wrapping import LEAST, wrapped

_WIDEST = 80
#: Up to here what an option means stands below its name.
_NARROW = 60


class HelpText(HelpFormatter):
    """Paragraphs and lists of words with what they mean."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:  # noqa: ARG002 - click's
        """Take the terminal's width; `width` itself, by which the library shortens what a command is for, stays."""
        super().__init__(indent_increment, _WIDEST - 2)
        self._columns = min(max(shutil.get_terminal_size().columns, LEAST), _WIDEST) if width is None else width

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how a command is called."""
        before = "Usage: " if prefix is None else prefix
        self.write(wrapped(f"{prog} {args}".rstrip(), self._columns, first=before, others=" " * len(before)) + "\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs; the further lines of an example stand deeper."""
        paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
        self.write("\n\n".join(self._paragraph(paragraph) for paragraph in paragraphs) + "\n")

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write words and what they mean, beside each other or, where that is too narrow, below."""
        most = col_max if self._columns > _NARROW else self._columns // 3
        column = min(max((cells(word) for word, _ in rows), default=0), most) + col_spacing
        before, below = " " * self.current_indent, " " * (self.current_indent + column)
        for word, meaning in rows:
            first = before + padded(word, column)
            if cells(word) > most:
                self.write(wrapped(word, self._columns, first=before, others=below) + "\n")
                first = below
            self.write(wrapped(" ".join(meaning.split()), self._columns, first=first, others=below).rstrip() + "\n")

    def _paragraph(self, text: str) -> str:
        before = " " * self.current_indent
        return wrapped(text, self._columns, first=before, others=before + "  " * text.startswith("Example: "))
