"""Methods that make a string of a string: case, trimming, replacing, cutting, reversing; nothing is built before its size is charged.

Collected in `table`. Source: cel-go's string extension as Google's C++ implementation has it; positions count characters from 0.
"""

from collections.abc import Callable

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.functions.function import Function, Given, Overload, several
from attune_core.expressions.runtime.frame import Frame
from attune_core.expressions.types import INT, STRING

#: Unicode's white space; Python strips U+001C to U+001F as well.
_WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_UPPER = {lower: upper for upper, lower in _LOWER.items()}


def _edit(name: str, edit: Callable[[str], str]) -> Function:
    """Make a method without arguments whose result is no longer than the text."""

    def apply(frame: Frame, given: Given) -> str:
        text = given.text(0)
        frame.charge_text(len(text))
        return edit(text)

    return Function((Overload((STRING,), STRING),), several(name, apply), f"write text.{name}()", method=True)


def _replace(frame: Frame, given: Given) -> str:
    text, old, new, limit = given.text(0), given.text(1), given.text(2), given.whole(3, -1)
    frame.charge_text(len(text))
    found = text.count(old)
    times = found if limit < 0 else min(limit, found)
    frame.charge_text(len(text) + times * (len(new) - len(old)))
    return text.replace(old, new, times)


def _substring(frame: Frame, given: Given) -> str:
    text, start = given.text(0), given.whole(1)
    end = given.whole(2, len(text))
    if not 0 <= start <= end <= len(text):
        raise ExpressionFailed(f"no characters {start} to {end} in a text of {len(text)}")
    frame.charge_text(end - start)
    return text[start:end]


LOWER_ASCII = _edit("lowerAscii", lambda text: text.translate(_LOWER))
UPPER_ASCII = _edit("upperAscii", lambda text: text.translate(_UPPER))
TRIM = _edit("trim", lambda text: text.strip(_WHITE_SPACE))
REVERSE = _edit("reverse", lambda text: text[::-1])
REPLACE = Function(
    (Overload((STRING, STRING, STRING), STRING), Overload((STRING, STRING, STRING, INT), STRING)),
    several("replace", _replace),
    'write text.replace("old", "new"), with a number of times if not all',
    method=True,
)
SUBSTRING = Function(
    (Overload((STRING, INT), STRING), Overload((STRING, INT, INT), STRING)),
    several("substring", _substring),
    "write text.substring(start) or text.substring(start, end), counted from 0",
    method=True,
)
