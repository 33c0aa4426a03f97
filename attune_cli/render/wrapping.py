"""Wrapping: prose that a terminal's lines break between words; in pipes and files a paragraph stays one line.

Called by attune_cli.render.output and by the boundary for errors in attune_cli.main.
"""

import os
from typing import TextIO

#: A terminal that says less does not know how wide it is.
LEAST = 20


def width_of(stream: TextIO) -> int | None:
    """Return the columns of the terminal that a stream writes to, None where there is nothing to fit into."""
    if not stream.isatty():
        return None
    columns = os.get_terminal_size(stream.fileno()).columns
    return columns if columns >= LEAST else None


def wrapped(text: str, width: int | None, *, first: str = "", others: str = "") -> str:
    """Return a paragraph as lines of that width, which begin as given; a word that is longer stays whole, so that it can be copied."""
    if width is None:
        return first + text
    from textwrap import TextWrapper

    wrapper = TextWrapper(
        width=width,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
        expand_tabs=False,
    )
    return wrapper.fill(text) or first


def hanging(line: str, width: int | None) -> str:
    """Return a line that goes on below its own beginning, two columns further in."""
    return wrapped(line, width, others=" " * (len(line) - len(line.lstrip()) + 2))
