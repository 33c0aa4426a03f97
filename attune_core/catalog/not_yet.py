"""Keys that the design knows and this version does not act on: an error of their own, never silence.

Asked by `model_problems`; an entry goes when the version that acts on it comes.
"""

from collections.abc import Mapping

#: Kind of document -> keys from its root that are known and do nothing yet.
_KEYS: Mapping[str, frozenset[tuple[str, ...]]] = {
    "repository": frozenset({("signers",), ("limits",), ("defaults", "logs")}),
}
CODE = "ATT123"
HINT = "remove it; it is part of the design and comes with a later version"


def is_key_of_later(kind: str, place: tuple[str | int, ...]) -> bool:
    """Tell whether an unknown key is one that a later version acts on."""
    return place in _KEYS.get(kind, frozenset())
