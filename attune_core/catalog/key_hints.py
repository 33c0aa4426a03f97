"""What to say under an unknown key: a near name, or why a sentence became a key.

Called by `model_problems` and `check_schemas`.
"""

from collections.abc import Iterable

from attune_core.expressions.suggestion import suggestion


def key_hint(key: str, known: Iterable[str]) -> str | None:
    """Return a hint for an unknown key; a key with blanks is usually the rest of an unquoted text inside `{ }`."""
    if " " in key.strip():
        return "inside { } a comma ends an unquoted text; quote the whole text"
    return suggestion(key, known)
