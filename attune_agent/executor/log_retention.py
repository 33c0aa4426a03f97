"""The bound over all logs of a host: the oldest attempts' logs go when together they are too many.

`executor` has it done in a process aside: at its start, every ten minutes, and sooner when attempts that ended since have written more
than a part of the bound. So the logs on disk exceed it by that part and by what is running. Only the executor may write below `logs`.
"""

import contextlib
import time
from collections.abc import Callable, Container, Iterator
from pathlib import Path

from attune_agent.executor.aside import fork_aside

DEFAULT_LIMIT = 2 << 30
PAUSE, LEAST_PAUSE = 600.0, 1.0
_DIRECTORY = 4096
#: This part of the bound may be written before it is looked at again.
PART = 8


class LogRetention:
    """When to prune next."""

    def __init__(self, logs: Path, limit: int) -> None:
        self._logs = logs
        self._limit = limit
        self._due = self._earliest = 0.0
        self._written = 0

    def prune_if_due(self, now: float, written: int, spared: Callable[[], Container[str]]) -> None:
        """Begin a pruning if it is time; `written` bytes more have been logged, `spared` tells which directories may still be written."""
        self._written += written
        if now >= self._due or (now >= self._earliest and self._written > self._limit // PART):
            self._due, self._earliest, self._written = now + PAUSE, now + LEAST_PAUSE, 0
            with contextlib.suppress(OSError):
                fork_aside(lambda: prune(self._logs, self._limit, spared()))


def prune(logs: Path, limit: int, spared: Container[str]) -> None:
    """Remove whole attempts' logs, least lately written first, until all logs together have at most `limit` bytes."""
    began = time.time()
    found = sorted(found for directory in _attempts(logs) if (found := _looked_at(directory)) is not None)
    total = sum(size for _, size, _ in found)
    for written, size, directory in found:
        if total <= limit:
            return
        if directory not in spared and written < began:  # what began later is not in `spared`
            _remove(Path(directory))
            total -= size


def _attempts(logs: Path) -> Iterator[Path]:
    """Yield every attempt's directory; an earlier pruning may still be removing some."""
    for month in _entries(logs):
        if month.name.startswith("."):
            continue  # the spools, which go when the agent has consumed them
        for execution in _entries(month):
            yield from _entries(execution)


def _entries(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except OSError:
        return []


def _looked_at(directory: Path) -> tuple[float, int, str] | None:
    """Return when it was last written and what it costs; a silent attempt's two directories cost, too. None if it is none, or gone."""
    try:
        files = [path.stat() for path in directory.iterdir()]
        written = max(found.st_mtime for found in (directory.stat(), *files))
    except OSError:
        return None
    return written, 2 * _DIRECTORY + sum(found.st_blocks * 512 for found in files), str(directory)


def _remove(directory: Path) -> None:
    with contextlib.suppress(OSError):
        for path in directory.iterdir():
            path.unlink()
        for folder in (directory, directory.parent, directory.parent.parent):
            folder.rmdir()
