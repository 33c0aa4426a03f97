"""The contract of the store's port is one suite, run on every implementation."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.port import Store
from attune_controller.store.sqlite.store import open_sqlite_store


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else await open_sqlite_store(tmp_path / "store")
    yield opened
    await opened.close()
