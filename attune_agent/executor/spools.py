"""The spools of this host's sensors: one directory a run, made with its first byte, trimmed and removed when the agent says so.

`hosting` opens segments for keepers and trims; the agent reads them. Nothing else removes anything here: what a sensor printed is there
until the agent has consumed it, whatever has died meanwhile.
"""

import contextlib
import os
from pathlib import Path

from attune_agent.executor.places import open_log_file
from attune_agent.executor.spool import segment_number, segment_path


class Spools:
    """The directories."""

    def __init__(self, top: Path) -> None:
        """Take the directory above them."""
        self._top = top

    def open_segment(self, run: str, number: int) -> int:
        """Make a segment and return its descriptor, for writing."""
        path = segment_path(self._top / run, number)
        return open_log_file(str(path.parent), path.name)

    def segments(self, run: str) -> int:
        """Return how many segments of a run are kept."""
        return sum(segment_number(name) is not None for name in self._names(run))

    def trim(self, run: str, before: int) -> None:
        """Remove the segments with lower numbers."""
        for name in self._names(run):
            number = segment_number(name)
            if number is not None and number < before:
                (self._top / run / name).unlink(missing_ok=True)

    def remove(self, run: str) -> None:
        """Remove all of a run."""
        for name in self._names(run):
            (self._top / run / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            (self._top / run).rmdir()

    def _names(self, run: str) -> list[str]:
        try:
            return os.listdir(self._top / run)  # noqa: PTH208 - names only, paths for each would be made for nothing
        except OSError:
            return []
