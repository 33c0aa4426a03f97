"""The READY record: the one sign that an environment is whole, written last, by the agent, where no build and no action can write.

Called by `build` and `environments`. It stands beside `tree`, not in it, and says what the environment was made from.
"""

import json
import os
from pathlib import Path

from attune_agent.environments.durable import sync_filesystem, sync_folder
from attune_agent.environments.key import EnvironmentKey
from attune_agent.regular_file import read_regular
from attune_core.values import JsonObject, JsonRefused, JsonValue, canonical_json, parse_json

READY = "READY"
_LIMIT = 1 << 20


def is_ready(place: Path, key: EnvironmentKey) -> bool:
    """Tell whether the environment at this place is whole and made from exactly these parts."""
    return _read(place) == _record(key)


def made_from(place: Path) -> JsonObject | None:
    """Return the parts of the key that the record vouches for; None without a record that can be read."""
    found = _read(place)
    parts = found.get("made_from") if isinstance(found, dict) else None
    return parts if isinstance(parts, dict) else None


def mark_ready(place: Path, key: EnvironmentKey) -> None:
    """Make everything below the place durable, then the record, then its name in the folder. Blocks: call it in a thread."""
    sync_filesystem(place)
    path = place / READY
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(json.dumps(_record(key), indent=1, sort_keys=True).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(place)


def unmark(place: Path) -> None:
    """Take the record away, durably, before anything below is touched."""
    if (place / READY).is_symlink() or (place / READY).exists():
        (place / READY).unlink()
        sync_folder(place)


def _read(place: Path) -> JsonValue:
    try:
        return parse_json(read_regular(place / READY, _LIMIT))
    except (OSError, JsonRefused):
        return None  # not there, or cut off by a crash: the same


def _record(key: EnvironmentKey) -> dict[str, object]:
    return {"format": 1, "key": key.digest, "made_from": json.loads(canonical_json(key.parts))}
