"""PackStore: the archives of packs, each named by the digest of its bytes; written before the revision that needs them goes live.

Filled by the `activate` step of reconcile, read by sessions/pack_download for the agents. An archive is never changed. Those of
older revisions stay while accepted executions need them, because an execution runs the content it was accepted with; `retention` says.
"""

import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from attune_controller.errors import PackNotStored
from attune_controller.identity.private_file import sync_folder

_DIGEST = re.compile(r"[0-9a-f]{64}")


class PackStore:
    """A folder of `<sha256>.tar`; all methods block and belong in a thread."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; `prepare` makes it."""
        self._folder = folder
        self._unneeded: frozenset[str] = frozenset()

    def prepare(self) -> None:
        """Make the folder and remove what a crash left half written."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._folder.glob("*.part"):
            left.unlink(missing_ok=True)

    def keep(self, digest: str, archive: Callable[[], bytes]) -> None:
        """Store an archive durably unless it is there; `PackNotStored` when its bytes have another digest or the disk refuses."""
        self._unneeded -= {digest}
        if self.find(digest) is not None:
            return
        content = archive()
        if hashlib.sha256(content).hexdigest() != digest:
            raise PackNotStored(f"the archive of {digest[:16]} has another digest")
        part = self._folder / f"{digest}.part"
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.rename(self._folder / f"{digest}.tar")
            sync_folder(self._folder)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise PackNotStored(f"the archive of {digest[:16]} could not be written: {error.strerror}") from error

    def find(self, digest: str) -> Path | None:
        """Return the place of an archive; None for what is no digest or is not here."""
        place = self._folder / f"{digest}.tar"
        return place if _DIGEST.fullmatch(digest) and place.is_file() else None

    def prune(self, needed: frozenset[str]) -> int:
        """Remove archives that were not needed at the last call either, so none that a plan just under way names; return how many."""
        unneeded = frozenset(place.stem for place in self._folder.glob("*.tar")) - needed
        gone = unneeded & self._unneeded
        self._unneeded = unneeded - gone
        for digest in gone:
            (self._folder / f"{digest}.tar").unlink(missing_ok=True)
        return len(gone)
