"""Keys, values and folders that the design knows and this version does not act on: an error of their own, never silence.

Asked by `model_problems` for keys and values and by `layout` for folders; an entry goes when the version that acts on it comes.
"""

from collections.abc import Mapping

from attune_core.values import JsonValue

#: Kind of document -> keys from its root that are known and do nothing yet.
_KEYS: Mapping[str, frozenset[tuple[str, ...]]] = {
    "action": frozenset(
        {
            ("start_within",),
            ("rate",),
        }
    ),
    "repository": frozenset({("signers",), ("limits",), ("defaults", "logs")}),
}
#: Kind of document -> place -> values that are known and do nothing yet.
_VALUES: Mapping[str, Mapping[tuple[str, ...], frozenset[str]]] = {
    "action": {
        ("retry", "place"): frozenset({"tail"}),
        ("concurrency", "scope"): frozenset({"fleet"}),
        ("concurrency", "when_busy"): frozenset({"skip", "cancel_running"}),
    },
    "repository": {("defaults", "retry", "place"): frozenset({"tail"})},
}
#: Folders of a pack.
FOLDERS = frozenset({"sensors"})
CODE = "ATT123"
HINT = "remove it; it is part of the design and comes with a later version"


def is_key_of_later(kind: str, place: tuple[str | int, ...]) -> bool:
    """Tell whether an unknown key is one that a later version acts on."""
    return place in _KEYS.get(kind, frozenset())


def is_value_of_later(kind: str, place: tuple[str | int, ...], value: JsonValue) -> bool:
    """Tell whether a refused value is one that a later version acts on."""
    known = next((values for at, values in _VALUES.get(kind, {}).items() if at == place), frozenset[str]())
    return isinstance(value, str) and value in known
