"""What environments there are on a host, as the files beside their trees tell it, and which of them have to go. Walks no tree.

Called by `store` and by the commands of `attune agent environments`.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from attune_agent.environments.build_record import BuildRecord, read_build_record
from attune_agent.environments.holds import USED
from attune_agent.environments.ready import made_from
from attune_core.values import JsonObject

_KEY = re.compile(r"[0-9a-f]{16}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """One environment's folder."""

    key: str
    made_from: JsonObject | None  # the parts of its key; None: it has no READY record, so nobody may use it
    built: BuildRecord | None
    used_at: float  # wall clock, seconds

    @property
    def size(self) -> int:
        """Bytes on disk as its build measured them."""
        return self.built.size if self.built else 0


def stored(root: Path) -> list[Stored]:
    """Return them, the least recently used first."""
    found = [_read(folder) for folder in root.iterdir() if _KEY.fullmatch(folder.name) and not folder.is_symlink()]
    return sorted(found, key=lambda one: (one.used_at, one.key))


def beyond(bound: int, environments: Sequence[Stored], in_use: Collection[str]) -> Sequence[Stored]:
    """Return what has to go: everything that is not whole, then the least recently used, until the rest fits. Pure.

    What is in use stays, and counts.
    """
    whole = [one for one in environments if one.made_from is not None]
    going = [one for one in environments if one.made_from is None and one.key not in in_use]
    excess = sum(one.size for one in whole) - bound
    for one in sorted(whole, key=lambda one: (one.used_at, one.key)):
        if excess > 0 and one.key not in in_use:
            going.append(one)
            excess -= one.size
    return going


def _read(folder: Path) -> Stored:
    return Stored(key=folder.name, made_from=made_from(folder), built=read_build_record(folder), used_at=_used_at(folder))


def _used_at(folder: Path) -> float:
    for path in (folder / USED, folder):
        try:
            return path.lstat().st_mtime
        except OSError:
            continue
    return 0.0
