"""Simulated hours under faults break no promise, meet every kind of fault, and are the same hours every time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.coverage import met, table
from tests.simulation.world import run

ROOT = Path(__file__).parents[2]
#: Events and faults of an hour, at least (the issue's figures).
EVENTS, FAULTS = 200, 20


def play(first: int, count: int) -> None:
    findings = [run(seed) for seed in range(first, first + count)]
    sys.stdout.write(table(findings))
    assert {one.seed: one.broken for one in findings if one.broken} == {}
    assert all(one.events >= EVENTS and one.faults.total() >= FAULTS for one in findings)
    assert [kind for kind, count in met(findings).items() if not count] == [], "these faults were never met"


def test_ten_hours_of_faults_break_no_promise() -> None:
    play(1, 10)


@pytest.mark.soak
def test_many_hours_of_faults_break_no_promise() -> None:
    """A hundred seeds, or as many as ATTUNE_SEEDS says."""
    play(1000, int(os.environ.get("ATTUNE_SEEDS", "100")))


def test_a_seed_is_the_same_hour_in_every_process() -> None:
    here = run(3, 0.3)
    for hashes in ("1", "2"):
        asked = [sys.executable, "-m", "tests.simulation", "--seed", "3", "--hours", "0.3"]
        answer = subprocess.run(asked, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hashes}, capture_output=True, text=True, check=True)
        assert f"{here.turns} turns" in answer.stdout
        assert here.trace in answer.stdout
