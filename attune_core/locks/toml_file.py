"""Reading a file of TOML that anybody may have written; pure.

Called by everything in `locks` whose format is TOML. The standard library's reader spends memory with the square of a dotted name's parts,
so names as long as nobody writes them are looked for first.
"""

import re
from typing import cast

from attune_core.locks.mistake import SIZE, Mistake
from attune_core.locks.text_file import read_text
from attune_core.values import JsonObject

#: What stands between two of these holds at most one name; a value has no more dots than that either.
_BETWEEN = re.compile(r"[=,\[\]{}\n]")
_PARTS = 200


def read_toml(raw: bytes, *, size: int = SIZE) -> JsonObject | Mistake:
    """Return the file's table, or why it is none."""
    import tomllib  # only repositories with such a file need it

    text = read_text(raw, size=size)
    if isinstance(text, Mistake):
        return text
    if any(part.count(".") > _PARTS for part in _BETWEEN.split(text)):
        return Mistake(message=f"the file has a name or a text with more than {_PARTS} dots")
    try:
        return cast("JsonObject", tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        return Mistake(message=f"the file is no TOML: {str(error)[:120]}")
