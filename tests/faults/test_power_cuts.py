"""Row 18: the power of a whole machine is cut while events come and actions run; what was acknowledged is there, and nothing starts twice.

`kill -9` shows none of this: what a process wrote and did not sync survives it. A file that was not synced proves at each cut that the
power was really gone.
"""

import random
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disk import Disk, disk
from tests.faults.needs import need
from tests.faults.rig import SLOTS, Rig, rig
from tests.faults.scale import TEST, soak
from tests.running import open_for_attempts
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.root, pytest.mark.timeout(120)]

LANES = ("one_a", "one_b", "three_a")


@pytest.fixture
def powered(tmp_path: Path) -> Iterator[tuple[Rig, Disk]]:
    need("loop devices", "losetup", "--find")
    open_for_attempts(tmp_path)
    with disk(tmp_path) as machine, rig(tmp_path, state=machine.place) as broken:
        yield broken, machine


def cut_power(broken: Rig, machine: Disk, chance: random.Random) -> None:
    """Send, cut at some moment between two acknowledgements, and start everything again."""
    steps = [(chance.choice(LANES), f"{chance.random() * 0.05:.3f}") for _ in range(60)]
    known = len(broken.acknowledged)

    def send() -> None:
        for lane, pause in steps:
            broken.send(lane, pause=pause)

    sender = threading.Thread(target=send)
    sender.start()
    wanted = known + chance.randrange(5, 50)
    wait_until(lambda: len(broken.acknowledged) >= wanted, what=f"{wanted} acknowledgements")
    unsynced = machine.place / f"unsynced-{wanted}"

    def cut() -> None:
        unsynced.write_bytes(b"lost")
        machine.cut()

    broken.kill_everything(cut)
    machine.power_on()
    assert not (unsynced.exists() and unsynced.read_bytes()), "the power was not cut"
    shutil.rmtree(broken.host.run)  # memory
    broken.system.start_controller()
    broken.start_host()
    sender.join()
    broken.settle()


def judge(broken: Rig, cuts: int) -> None:
    verdict = broken.verdict()
    assert not verdict.problems, verdict.problems
    assert len(verdict.lost) <= SLOTS * cuts, "at most what ran when the power was cut"


def test_a_power_cut_loses_nothing_acknowledged_and_starts_nothing_twice(powered: tuple[Rig, Disk]) -> None:
    chance = random.Random(20_261_129)
    for _ in range(TEST.power_cuts):
        cut_power(*powered, chance)
    judge(powered[0], TEST.power_cuts)


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_nor_do_many(powered: tuple[Rig, Disk]) -> None:
    chance = random.Random(20_261_130)
    for _ in range(soak().power_cuts):
        cut_power(*powered, chance)
    judge(powered[0], soak().power_cuts)
