"""JSON argument: the text itself, `@FILE`, or `-` for standard input; used by every command that takes a document."""

import sys
from pathlib import Path

from attune_cli.errors import BadArgument
from attune_core.values import JsonValue, parse_json


def read_json(text: str) -> JsonValue:
    """Return the JSON of an argument: the text itself, `@FILE`, or `-` for standard input."""
    return parse_json(read_raw(text))


def read_raw(text: str) -> bytes:
    """Return the bytes that an argument means."""
    if text == "-":
        return sys.stdin.buffer.read()
    if text.startswith("@"):
        try:
            return Path(text[1:]).read_bytes()
        except OSError as error:
            raise BadArgument(f"{text[1:]}: {error.strerror}", hint="behind @ stands the path of a file that can be read") from error
    return text.encode()
