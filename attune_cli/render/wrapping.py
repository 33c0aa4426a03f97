"""Wrapping: prose that a terminal's lines break between words; in pipes and files a paragraph stays one line.

Called by attune_cli.render.output and by the boundary for errors in attune_cli.main.
"""

import os
import re
from typing import TextIO

from attune_cli.render.cells import cells

#: A terminal that says less does not know how wide it is.
LEAST = 20
_WORD = re.compile(r"([ \t\n\r\v\f]*)([^ \t\n\r\v\f]+)")


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
    lines, line, taken = [], first, cells(first)
    for number, (apart, word) in enumerate(_WORD.findall(text)):
        more = cells(apart) + cells(word)
        if number and taken + more > width:
            lines.append(line)
            line, taken = others + word, cells(others) + cells(word)
        else:
            line, taken = line + apart + word, taken + more
    return "\n".join([*lines, line])


def hanging(line: str, width: int | None) -> str:
    """Return a line that goes on below its own beginning, two columns further in."""
    return wrapped(line, width, others=" " * (len(line) - len(line.lstrip()) + 2))
