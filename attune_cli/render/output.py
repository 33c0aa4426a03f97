"""Output: lists, single documents and messages, for people on a terminal, for pipes, and as JSON with the same content.

Called by every command with documents of the API; rich is imported only when there is a terminal to draw on.
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attune_core.safe_text import safe_text
from attune_core.values import JsonValue

if TYPE_CHECKING:  # a command that shows no document of the API starts without it
    from pydantic import BaseModel

#: What an outcome or state looks like on a terminal.
STYLES = {
    "succeeded": "green",
    "failed": "red",
    "timed_out": "red",
    "lost": "bold red",
    "rejected": "yellow",
    "cancelled": "yellow",
    "dead_letter": "yellow",
    "started": "cyan",
    "connected": "green",
    "unreachable": "yellow",
}


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
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=True) + "\n")


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """Print rows under headings; `empty` is said when there are none."""
    if not rows:
        show_line(empty)
    elif on_terminal():
        _draw_table(columns, rows)
    else:
        _write_columns([[column.upper() for column in columns], *rows])


def show_fields(fields: Sequence[tuple[str, str]]) -> None:
    """Print names and values, one a line; values may have several lines."""
    width = max((len(name) for name, _ in fields), default=0)
    for name, value in fields:
        first, *others = safe_text(value, keep_newlines=True).split("\n")
        sys.stdout.write(f"{name:<{width}}  {first}".rstrip() + "\n")
        for line in others:
            sys.stdout.write(f"{'':<{width}}  {line}".rstrip() + "\n")


def show_line(text: str) -> None:
    """Print one line of text at once, also into a file that somebody follows."""
    sys.stdout.write(safe_text(text) + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Say something beside the output, on stderr."""
    sys.stderr.write(safe_text(text) + "\n")


def compact(value: JsonValue) -> str:
    """Return JSON on one line, texts as they are."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _write_columns(rows: Sequence[Sequence[str]]) -> None:
    cleaned = [[safe_text(cell) for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in cleaned) for index in range(len(cleaned[0]))]
    for row in cleaned:
        sys.stdout.write("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")


def _draw_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    for row in rows:
        table.add_row(*(Text(safe_text(cell), style=STYLES.get(cell, "")) for cell in row))
    Console(highlight=False).print(table)
