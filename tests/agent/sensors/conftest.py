"""An executor of each test's own, as root with uids or unprivileged where the tests are."""

import os
from collections.abc import Iterator

import pytest

from tests.agent.executor.hosted import Hosted, hosted


@pytest.fixture
def executor() -> Iterator[Hosted]:
    with hosted("uids" if os.geteuid() == 0 else "unprivileged") as it:
        yield it
