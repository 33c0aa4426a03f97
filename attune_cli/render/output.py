"""Output: lists, single documents and messages, for people on a terminal, for pipes, and as JSON with the same content.

Called by every command; what a terminal alone needs (colours, widths) is imported when there is one.
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attune_cli.render.cells import cells, padded
from attune_cli.render.wrapping import width_of, wrapped
from attune_core.safe_text import safe_json, safe_text
from attune_core.values import JsonValue

if TYPE_CHECKING:  # a command that shows no document of the API starts without it
    from pydantic import BaseModel


def on_terminal() -> bool:
    """Tell whether stdout is a terminal that may be drawn on."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def show_json(value: "BaseModel | Sequence[BaseModel] | JsonValue") -> None:
    """Print one JSON document, indented; lists of documents as an array."""
    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        content: JsonValue = value.model_dump(mode="json")
    elif isinstance(value, list | tuple):
        content = [item.model_dump(mode="json") if isinstance(item, BaseModel) else item for item in value]
    else:
        content = value  # type: ignore[assignment]  # a sequence of documents is a list or tuple
    write_json(content)


def write_json(content: JsonValue) -> None:
    """Print plain JSON, indented."""
    sys.stdout.write(safe_json(json.dumps(content, indent=2, ensure_ascii=True)) + "\n")


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """Print rows under headings; `empty` is said when there are none."""
    if not rows:
        show_line(empty)
    elif on_terminal():
        from attune_cli.render.table import table_lines

        texts = [[safe_text(cell) for cell in row] for row in rows]
        for line in table_lines(columns, texts, width_of(sys.stdout) or 80):
            sys.stdout.write(line + "\n")
    else:
        _write_columns([[column.upper() for column in columns], *rows])


def show_fields(fields: Sequence[tuple[str, str]]) -> None:
    """Print names and values, one a line; values may have several lines."""
    shown = [(safe_text(name), value) for name, value in fields]
    terminal = width_of(sys.stdout)
    width = min(max((cells(name) for name, _ in shown), default=0), (terminal or 1000) // 2)
    below = " " * (width + 2)
    for name, value in shown:
        before = padded(name, width) + "  "
        if cells(name) > width:  # its value stands below it
            sys.stdout.write(name + "\n")
            before = below
        for line in safe_text(value, keep_newlines=True).replace("\t", "\\t").split("\n"):
            deeper = below + " " * (len(line) - len(line.lstrip()))
            sys.stdout.write(wrapped(line, terminal, first=before, others=deeper).rstrip() + "\n")
            before = below


def show_line(text: str) -> None:
    """Print one line of text at once, also into a file that somebody follows."""
    sys.stdout.write(safe_text(text) + "\n")
    sys.stdout.flush()


def show_paragraph(text: str, *, style: str = "", below: str = "") -> None:
    """Print prose, which a terminal's lines may break between words, the further ones beginning with `below`, and show in a style."""
    lines = wrapped(safe_text(text), width_of(sys.stdout), others=below)
    if style and on_terminal():
        from attune_cli.render.colours import painted

        lines = painted(lines, style)
    sys.stdout.write(lines + "\n")


def note(text: str) -> None:
    """Say something beside the output, on stderr."""
    sys.stderr.write(wrapped(safe_text(text), width_of(sys.stderr)) + "\n")


def compact(value: JsonValue) -> str:
    """Return JSON on one line, texts as they are."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _write_columns(rows: Sequence[Sequence[str]]) -> None:
    cleaned = [[safe_text(cell) for cell in row] for row in rows]
    widths = [max(cells(row[index]) for row in cleaned) for index in range(len(cleaned[0]))]
    for row in cleaned:
        sys.stdout.write("  ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
