"""The two modes of the executor, a running one for each test, and the agent's link to it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from attune_agent.executor_link import ExecutorLink
from tests.agent.executor.hosted import Hosted, hosted


@pytest.fixture(scope="module", params=[pytest.param("uids", marks=pytest.mark.root), "unprivileged"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def executor(mode: str) -> Iterator[Hosted]:
    """An executor of the test's own; modules whose tests leave it as it was have one for all of them."""
    with hosted(mode) as it:
        yield it


@pytest.fixture
async def link(executor: Hosted) -> AsyncIterator[ExecutorLink]:
    async with ExecutorLink(executor.run) as it:
        yield it
