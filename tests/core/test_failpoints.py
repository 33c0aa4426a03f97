"""Each failpoint stands once where FAILPOINTS says, and one that is not doubly armed does nothing."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from attune_core import failpoints
from attune_core.failpoints import FAILPOINTS, NAMES, SWITCH

ROOT = Path(__file__).resolve().parents[2]
#: The modules that say the moments, by who is killed there.
PLACES = {
    "controller": "attune_controller/",
    "agent": "attune_agent/",
    "executor": "attune_agent/executor/",
    "keeper": "attune_agent/executor/",
}
PROGRAM = "from attune_core.failpoints import failpoint\nfor _ in range(3):\n    failpoint('c1')\n    print('on', flush=True)\n"


def test_each_failpoint_stands_once_in_the_program_that_its_meaning_names() -> None:
    found = Counter[str]()
    for package in ("attune_core", "attune_controller", "attune_agent", "attune_cli"):
        for path in (ROOT / package).rglob("*.py"):
            place = path.relative_to(ROOT).as_posix()
            for name in re.findall(r'\bfailpoint\("([^"]*)"\)', path.read_text(encoding="utf-8")):
                found[name] += 1
                program = FAILPOINTS[name].partition(":")[0]
                assert place.startswith(PLACES[program]), f"{name} stands in {place}"
                assert program != "agent" or not place.startswith(PLACES["executor"]), f"{name} stands in {place}"
    assert found == Counter(dict.fromkeys(FAILPOINTS, 1))


def run(environment: dict[str, str]) -> tuple[int, int]:
    """Pass `c1` three times in a program of its own; return its code and how often it went on."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={"PATH": os.environ["PATH"], **environment}, cwd=ROOT, capture_output=True, check=False
    )
    assert done.stderr == b""
    return done.returncode, done.stdout.count(b"on\n")


@pytest.mark.parametrize(
    ("named", "switch"),
    [(None, None), ("c1", None), ("c1", ""), (None, "c1"), ("", "c1"), ("c2", "c1"), ("c1", "c2"), ("c1", "c11"), ("c2,c3", "c1")],
)
def test_nothing_happens_without_both_switches(tmp_path: Path, named: str | None, switch: str | None) -> None:
    place = tmp_path / "switch"
    if switch is not None:
        place.write_text(switch)
    assert run({SWITCH: str(place)} | ({} if named is None else {NAMES: named})) == (0, 3)
    assert run({} if named is None else {NAMES: named}) == (0, 3), "a name alone"


@pytest.mark.parametrize(("named", "switch", "went_on"), [("c1", "c1", 0), ("*", "c1\n", 0), ("c9,c1", "c1:2", 1), ("c1", "c1:3", 2)])
def test_an_armed_one_kills_once(tmp_path: Path, named: str, switch: str, went_on: int) -> None:
    place = tmp_path / "switch"
    place.write_text(switch)
    environment = {NAMES: named, SWITCH: str(place)}
    assert run(environment) == (-signal.SIGKILL, went_on)
    assert not place.exists(), "the switch is gone before the program is"
    assert run(environment) == (0, 3), "so the next life goes on"


def test_a_simulation_hears_what_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[str] = []
    monkeypatch.setattr(failpoints, "hit", reached.append)
    failpoints.failpoint("c1")
    assert reached == ["c1"]


def test_tests_run_with_all_failpoints_off() -> None:
    assert failpoints.hit is None
