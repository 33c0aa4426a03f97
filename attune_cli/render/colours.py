"""Colours: whether there are any, and what an outcome or a state looks like.

Called by everything in attune_cli.render that draws on a terminal; NO_COLOR (no-color.org) switches them off.
"""

import os

from attune_cli.render.output import on_terminal

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
_CODES = {"bold": "1", "dim": "2", "green": "32", "red": "31", "yellow": "33", "bold red": "1;31", "cyan": "36"}


def has_colours() -> bool:
    """Tell whether stdout is a terminal whose owner wants colours."""
    return on_terminal() and not os.environ.get("NO_COLOR")


def painted(text: str, style: str) -> str:
    """Return the text in a style, or as it is where there are no colours."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style and text and has_colours() else text
