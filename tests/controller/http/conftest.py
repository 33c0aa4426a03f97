"""The house of the HTTP tests."""

from pathlib import Path

import pytest

from tests.controller.http.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)
