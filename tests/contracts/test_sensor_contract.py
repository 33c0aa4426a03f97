"""docs/contract/sensor.md and its tests belong together: each numbered sentence has a test, and no test names another one."""

import re
from pathlib import Path

from tests.contracts.test_action_contract import numbers_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "contract" / "sensor.md"
#: Placement and health are pure, and crashes have a system of their own.
MODULES = (
    ROOT / "tests/contracts/test_sensor_contract_on_a_host.py",
    ROOT / "tests/controller/test_sensor_placement.py",
    ROOT / "tests/controller/test_sensing.py",
    ROOT / "tests/flow/test_sensors.py",
)


def test_the_sentences_are_numbered_without_gaps_and_each_has_a_test() -> None:
    sentences = re.findall(r"^- \*\*(S[0-9]+)\*\* ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sentences == [f"S{number}" for number in range(1, len(sentences) + 1)]
    assert {number for module in MODULES for number in numbers_of(module)} == set(sentences)
