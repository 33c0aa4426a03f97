"""A live controller with one pack, for the tests of sessions."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.controller.live import Live, live
from tests.controller.reconcile.conftest import FILES


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path, FILES) as running:
        yield running
