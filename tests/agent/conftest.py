"""Fixtures shared by tests of the agent."""

from collections.abc import AsyncIterator

import pytest

from tests.agent.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """One agent over a disk in memory and a scripted host, running."""
    made = World()
    made.start()
    await made.settle()
    yield made
    await made.kill()
