"""What the parts of the SQLite store share: the two threads they send their statements to.

Base of each noun's class in this folder; store.py puts them together.
"""

from collections.abc import Callable
from typing import TypeVar

import apsw

from attune_controller.store.errors import StoreFull
from attune_controller.store.sqlite.connection_thread import ALONE, Relay
from attune_controller.store.sqlite.opening import OpenStore

T = TypeVar("T")


class Connected:
    """Sends functions over a connection to the writer or the reader."""

    def __init__(self, parts: OpenStore) -> None:
        """Take over an open store."""
        self._parts = parts

    async def _write(self, operation: Callable[[apsw.Connection], T], relay: Relay = ALONE) -> T:
        """Run it in a transaction and return when that is on the disk; what it raises undoes it alone."""
        return await self._parts.writer.run(operation, relay)

    async def _read(self, operation: Callable[[apsw.Connection], T]) -> T:
        return await self._parts.reader.run(operation)

    async def _write_with_room(self, operation: Callable[[apsw.Connection], T], relay: Relay = ALONE) -> T:
        """Write what is new and not merely the end of what was begun: refused with `StoreFull` until the reserve is there again."""
        if self._parts.reserve.given_up:
            raise StoreFull("the disk of the store is full: nothing new is taken until there is space")
        return await self._write(operation, relay)
