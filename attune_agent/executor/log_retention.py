"""The bound over all logs of a host: the oldest attempts' logs go when together they are too many.

`executor` has it done in a process aside, at its start and now and then while attempts end; only the executor may write below `logs`.
"""

import contextlib
from collections.abc import Container
from pathlib import Path

from attune_agent.executor.aside import fork_aside

DEFAULT_LIMIT = 2 << 30
PAUSE = 600.0


class LogRetention:
    """When to prune next."""

    def __init__(self, logs: Path, limit: int) -> None:
        self._logs = logs
        self._limit = limit
        self._due = 0.0

    def prune_if_due(self, now: float, spared: Container[str]) -> None:
        """Begin a pruning if the last one is long enough ago; `spared` are directories of attempts that may still write."""
        if now >= self._due:
            self._due = now + PAUSE
            with contextlib.suppress(OSError):
                fork_aside(lambda: prune(self._logs, self._limit, spared))


def prune(logs: Path, limit: int, spared: Container[str]) -> None:
    """Remove whole attempts' logs, least lately written first, until all logs together have at most `limit` bytes."""
    found = sorted((_last_written(directory), _size(directory), str(directory)) for directory in logs.glob("*/*/*"))
    total = sum(size for _, size, _ in found)
    for _, size, directory in found:
        if total <= limit:
            return
        if directory not in spared:
            _remove(Path(directory))
            total -= size


def _last_written(directory: Path) -> float:
    return max((path.stat().st_mtime for path in (directory, *directory.iterdir())), default=0.0)


def _size(directory: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in directory.iterdir())


def _remove(directory: Path) -> None:
    with contextlib.suppress(OSError):
        for path in directory.iterdir():
            path.unlink()
        for folder in (directory, directory.parent, directory.parent.parent):
            folder.rmdir()
