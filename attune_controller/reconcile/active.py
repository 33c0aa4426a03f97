"""ActiveCatalog: the one revision that holds now, swapped whole by the `activate` step.

Read by intake, planning, dispatch, hooks and the API at each use; nobody keeps a catalog across an await that may be long.
"""

import asyncio

from attune_core.catalog.catalog import Catalog


class ActiveCatalog:
    """The catalog that rules follow; None before the first revision."""

    def __init__(self) -> None:
        """Begin without a revision."""
        self._catalog: Catalog | None = None
        self._changed = asyncio.Event()

    @property
    def catalog(self) -> Catalog | None:
        """The active one."""
        return self._catalog

    @property
    def revision(self) -> str:
        """The commit it was made of; empty before the first one."""
        return (self._catalog.revision or "") if self._catalog else ""

    def swap(self, catalog: Catalog) -> None:
        """Let a catalog take effect and wake everyone who waits in `changed`."""
        self._catalog = catalog
        woken, self._changed = self._changed, asyncio.Event()
        woken.set()

    async def changed(self, seen: str) -> str:
        """Wait until the active revision is another one than `seen`, and return it."""
        while self.revision == seen:
            await self._changed.wait()
        return self.revision
