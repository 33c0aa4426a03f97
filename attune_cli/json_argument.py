"""JSON argument: the text itself, `@FILE`, or `-` for standard input; used by every command that takes a document."""

import sys
from pathlib import Path

from attune_cli.errors import BadArgument
from attune_core.values import JsonValue, parse_json


def read_json(text: str) -> JsonValue:
    """Return the JSON of an argument: the text itself, `@FILE`, or `-` for standard input."""
    if text == "-":
        return parse_json(sys.stdin.buffer.read())
    if text.startswith("@"):
        try:
            return parse_json(Path(text[1:]).read_bytes())
        except OSError as error:
            raise BadArgument(f"{text[1:]}: {error.strerror}") from error
    return parse_json(text.encode())
