"""Lesson 7: the order in which events were accepted is the order in which their actions start, whoever is killed, and whatever is retried.

Judged only by the witness file that the actions append to, against what the controller acknowledged. `python -m tests.faults.kill` is the
same with any number of executions and kills.
"""

from pathlib import Path

import pytest

from attune_core.states import Outcome, Reason
from tests.faults.kill import run
from tests.faults.rig import SLOTS, Rig, rig
from tests.faults.scale import TEST, Scale, soak


def break_it(broken: Rig, scale: Scale, seed: int) -> None:
    tally = run(broken, executions=scale.executions, kills=scale.kills, seed=seed)
    assert not tally.verdict.problems, tally.verdict.problems
    assert tally.acknowledged == scale.executions
    assert len(tally.verdict.lost) <= SLOTS * (tally.kills["executor"] + tally.kills["host"]), "at most what ran when its host died"
    lost = {one.reason for one in broken.executions() if one.outcome is Outcome.LOST}
    assert lost <= {Reason.EXECUTOR_DIED, Reason.START_UNKNOWN}


@pytest.mark.flow
@pytest.mark.timeout(300)
def test_kills_double_and_overtake_and_lose_nothing(tmp_path: Path) -> None:
    with rig(tmp_path) as broken:
        break_it(broken, TEST, seed=7)


@pytest.mark.flow
@pytest.mark.soak
@pytest.mark.timeout(48 * 3600)
def test_nor_do_many(tmp_path: Path) -> None:
    with rig(tmp_path) as broken:
        break_it(broken, soak(), seed=20_261_126)
