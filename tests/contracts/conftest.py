"""For the modules of the action contract: a running system with the module's own pack."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.contract_pack import ContractPack
from tests.running import Running


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("contract")


@pytest.fixture(scope="module")
def running(place: Path, request: pytest.FixtureRequest) -> Iterator[Running]:
    pack: ContractPack = request.module.PACK
    with pack.running(place) as found:
        yield found
