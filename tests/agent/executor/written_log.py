"""A stream's log as keeper and executor write it together, without either; for tests of what is read from it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attune_agent.executor.bounded_log import BoundedLog, Bounds
from attune_agent.executor.log_index import HEAD, WAYPOINTS, head_name, index_name, segment_name
from attune_agent.executor.log_waypoints import Waypoints, waypoints_name


class WrittenLog:
    """The folder and the writer."""

    def __init__(self, folder: Path, bounds: Bounds, waypoints: Waypoints | None = None) -> None:
        self.folder, self.bounds = folder, bounds
        self.log = BoundedLog(bounds, waypoints)
        self.refusing = False

    def write(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            rest = rest[self.log.write(rest) :]
            if self.log.wants is not None:
                self._answer(self.log.wants)

    def _answer(self, place: int) -> None:
        if self.refusing:
            self.log.refuse()
        else:
            index = self._open(index_name("stdout")) if place == 0 else None
            names = {HEAD: head_name("stdout"), WAYPOINTS: waypoints_name("stdout")}
            self.log.give(self._open(names.get(place) or segment_name("stdout", place)), index)

    def _open(self, name: str) -> int:
        return os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def touch(self, when: float) -> None:
        """Let the files say that they were written last at this time."""
        for path in self.folder.iterdir():
            os.utime(path, (when, when))

    def data_on_disk(self) -> int:
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.suffix not in {".index", ".waypoints"})


@contextmanager
def written_log(bounds: Bounds, waypoints: Waypoints | None = None) -> Iterator[WrittenLog]:
    folder = Path(tempfile.mkdtemp(prefix="attune-log-"))
    written = WrittenLog(folder, bounds, waypoints)
    try:
        yield written
    finally:
        written.log.close()
        shutil.rmtree(folder)
