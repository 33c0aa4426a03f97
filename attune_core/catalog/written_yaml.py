"""Writing values as YAML that `documents` reads back as the same values: on one line, in flow style; quotes only where they are needed.

Used by `edits` and for documents that a command writes.
"""

import json
import re
from collections.abc import Mapping, Sequence

from attune_core.catalog.scalars import ScalarRefused, read_plain
from attune_core.values import JsonValue

#: Texts that mean themselves without quotes, in flow and block style, to every version of YAML.
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+@-]*(?: [A-Za-z0-9_./+@-]+)*", re.ASCII)
#: Words that some versions of YAML read as something else.
_WORDS = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false", "null"})


def flow(value: JsonValue) -> str:
    """Return a value on one line."""
    if isinstance(value, str):
        return scalar_text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar_text(key)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return json.dumps(value, allow_nan=False)


def scalar_text(text: str) -> str:
    """Return a text as a key or a value, quoted where it would be read as something else."""
    if _is_plain(text):
        return text
    if '"' in text and text.isprintable():  # single quotes: nothing in it needs an escape but themselves
        return "'" + text.replace("'", "''") + "'"
    return json.dumps(text, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    if len(text) > 200 or text.lower() in _WORDS or not _PLAIN.fullmatch(text):
        return False
    try:
        return read_plain(text) == text
    except ScalarRefused:
        return False
