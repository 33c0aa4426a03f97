"""Holding a store's writer, so that what is asked meanwhile is known to be served together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Event

import apsw

from attune_controller.store.sqlite.store import SqliteStore


@asynccontextmanager
async def held_writer(store: SqliteStore) -> AsyncIterator[None]:
    """Keep the writer in a transaction of its own until the block ends."""
    holds, released = Event(), Event()

    def hold(connection: apsw.Connection) -> None:
        holds.set()
        released.wait()

    holding = asyncio.ensure_future(store._parts.writer.run(hold))
    await asyncio.to_thread(holds.wait)
    try:
        yield
    finally:
        released.set()
        await holding
