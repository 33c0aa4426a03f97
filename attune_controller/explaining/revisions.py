"""Revisions: the catalogs of then, read again from the mirror, and who changed a file last.

Used by the other modules of this folder. One older catalog is kept, and one is read at a time: people ask about the same revision, and a
large one takes its time and memory.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from attune_controller.git_source import Change
from attune_controller.reconcile.active import ActiveCatalog
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.load import Loaded
from attune_core.errors import AttuneError


class Mirror(Protocol):
    """What is asked of the mirror; git_source.GitSource."""

    async def has(self, commit: str) -> bool:
        """Tell whether it holds a commit."""
        ...

    async def last_change(self, commit: str, path: str) -> Change | None:
        """Return the last commit that touched a file, up to a commit."""
        ...


class Revisions:
    """The active catalog, and one of another revision."""

    def __init__(self, active: ActiveCatalog, mirror: Mirror, read: Callable[[str], Loaded]) -> None:
        """Take what is active, where older ones are, and how one is read (it blocks)."""
        self._active, self._mirror, self._read = active, mirror, read
        self._kept: Catalog | None = None
        self._one_at_a_time = asyncio.Lock()
        self._log = structlog.get_logger("explaining")

    @property
    def active(self) -> Catalog | None:
        """The one whose rules hold now."""
        return self._active.catalog

    async def catalog(self, revision: str) -> Catalog | None:
        """Return a revision's catalog, None when it cannot be read here any more."""
        if (active := self.active) is not None and active.revision == revision:
            return active
        async with self._one_at_a_time:
            if self._kept is None or self._kept.revision != revision:
                self._kept = await self._read_again(revision)
            return self._kept

    async def change(self, revision: str, path: str) -> Change | None:
        """Return who changed a file last, None when the mirror does not say."""
        try:
            return await self._mirror.last_change(revision, path)
        except AttuneError as error:
            self._log.info("change_unknown", revision=revision, code=error.code, reason=error.message)
            return None

    async def _read_again(self, revision: str) -> Catalog | None:
        try:
            return (await asyncio.to_thread(self._read, revision)).catalog if await self._mirror.has(revision) else None
        except AttuneError as error:
            self._log.info("revision_unreadable", revision=revision, code=error.code, reason=error.message)
            return None
