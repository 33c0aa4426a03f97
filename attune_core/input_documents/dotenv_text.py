"""An Input as assignments that a POSIX shell reads with `. /dev/stdin`, no jq needed: `NAME='value'`, one variable a line or more.

Between single quotes a shell expands nothing; a quote is written by ending them around it. The names are those of `variable_names`.
Called by `writing`.
"""

import json
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from attune_core.input_documents.errors import InputUnwritable
from attune_core.input_documents.variable_names import COUNT, is_reserved, joined, variable
from attune_core.values import JsonObject, JsonValue

#: Characters of a variable's name; deeply nested long keys would else multiply each other.
_LONGEST_NAME = 255


def dotenv_text(values: JsonObject, taken: AbstractSet[str]) -> str:
    """Return the document; `InputUnwritable` if a variable would stand twice, mean something to a shell, or is one of `taken`."""
    lines: dict[str, str] = {}
    for parameter, value in values.items():
        for name, text in _assignments(variable(parameter), value):
            if name in lines:
                raise InputUnwritable(f"two values of the input become the variable {name[:64]}; the second is in `{parameter}`")
            if name in taken or is_reserved(name):
                raise InputUnwritable(f"a value in `{parameter}` becomes the variable {name[:64]}, which has a meaning already")
            if len(name) > _LONGEST_NAME:
                raise InputUnwritable(f"a value in `{parameter}` becomes a variable with a name of {len(name)} characters")
            if "\0" in text:
                raise InputUnwritable(f"a text in `{parameter}` holds U+0000, which no variable can")
            lines[name] = f"{name}={quoted(text)}\n"
    return "".join(lines.values())


def quoted(text: str) -> str:
    """Return a text between single quotes; one inside ends them, stands escaped, and begins them again."""
    return "'" + text.replace("'", "'\\''") + "'"


def _assignments(name: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _assignments(joined(name, key), one)
    elif isinstance(value, list):
        yield joined(name, COUNT), str(len(value))
        for index, one in enumerate(value):
            yield from _assignments(joined(name, str(index)), one)
    else:
        yield name, _text(value)


def _text(value: str | float | None) -> str:
    """Return a scalar's text: null is empty, and a whole number has no fraction, so that a shell can compute with it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return "" if value is None else json.dumps(value, allow_nan=False)
