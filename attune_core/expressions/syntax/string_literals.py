"""The value of a string literal: quotes and prefix removed, escapes replaced.

Called by `parser`. Source: the CEL language definition, "String and Bytes Values".
"""

import re

from attune_core.expressions.finding import Code, refuse

_ESCAPE = re.compile(r"""\\(?:([abfnrtv\\?"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(?s:.)|\Z)""")
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def string_value(literal: str, start: int) -> str:
    """Return the text that a literal (quotes and prefix included, standing at `start`) means; `NotAnExpression` on a wrong escape."""
    raw = literal[0] in "rR"
    body = literal[1:] if raw else literal
    quotes = 3 if body[:3] in {'"""', "'''"} else 1
    inner = body[quotes:-quotes]
    if raw or "\\" not in inner:
        return inner
    offset = start + quotes

    def replaced(escape: re.Match[str]) -> str:
        simple, byte, short, long, octal = escape.groups()
        if simple is not None:
            return _SIMPLE.get(simple, simple)
        digits = byte or short or long
        number = int(digits, 16) if digits else int(octal, 8) if octal else -1
        if number == 0 or 0xD800 <= number <= 0xDFFF or number > 0x10FFFF or number < 0:
            what = "not a character that a string may hold" if number >= 0 else "not an escape"
            raise refuse(
                Code.SYNTAX,
                f"{escape[0]} is {what}",
                offset + escape.start(),
                offset + escape.end(),
                'write \\\\ for one \\, or use r"..."',
            )
        return chr(number)

    return _ESCAPE.sub(replaced, inner)
