"""The value of a string or bytes literal: quotes and prefix removed, escapes replaced.

Called by `parser`. Source: the CEL language definition, "String and Bytes Values".
"""

import re

from attune_core.expressions.finding import Code, NotAnExpression, refuse

_ESCAPE = re.compile(r"""\\(?:([abfnrtv\\?"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(?s:.)|\Z)""")
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def string_value(literal: str, start: int) -> str:
    """Return the text that a literal (quotes and prefix included, standing at `start`) means; `NotAnExpression` on a wrong escape."""
    raw = literal[0] in "rR"
    inner, offset = _inner(literal, 1 if raw else 0, start)
    if raw or "\\" not in inner:
        return inner

    def replaced(escape: re.Match[str]) -> str:
        simple, byte, short, long, octal = escape.groups()
        if simple is not None:
            return _SIMPLE.get(simple, simple)
        digits = byte or short or long
        number = int(digits, 16) if digits else int(octal, 8) if octal else -1
        if number == 0 or 0xD800 <= number <= 0xDFFF or number > 0x10FFFF or number < 0:
            raise _wrong(escape, offset, "not a character that a string may hold" if number >= 0 else "not an escape")
        return chr(number)

    return _ESCAPE.sub(replaced, inner)


def bytes_value(literal: str, start: int) -> bytes:
    """Return the octets that a literal with the prefix `b` means: characters as UTF-8, numeric escapes as one octet each."""
    raw = literal[1] in "rR"
    inner, offset = _inner(literal, 2 if raw else 1, start)
    if raw or "\\" not in inner:
        return inner.encode()
    pieces: list[bytes] = []
    place = 0
    for escape in _ESCAPE.finditer(inner):
        simple, byte, _, _, octal = escape.groups()
        if simple is None and byte is None and octal is None:
            raise _wrong(escape, offset, "not an escape of bytes")
        pieces.append(inner[place : escape.start()].encode())
        if simple is not None:
            pieces.append(_SIMPLE.get(simple, simple).encode())
        else:
            pieces.append(bytes((int(byte, 16) if byte else int(octal, 8),)))
        place = escape.end()
    return b"".join((*pieces, inner[place:].encode()))


def _inner(literal: str, prefix: int, start: int) -> tuple[str, int]:
    """Return what stands between the quotes, and where it starts."""
    body = literal[prefix:]
    quotes = 3 if body[:3] in {'"""', "'''"} else 1
    return body[quotes:-quotes], start + prefix + quotes


def _wrong(escape: re.Match[str], offset: int, what: str) -> NotAnExpression:
    place = offset + escape.start()
    return refuse(Code.SYNTAX, f"{escape[0]} is {what}", place, place + len(escape[0]), 'write \\\\ for one \\, or use r"..."')
