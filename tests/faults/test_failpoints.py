"""Every failpoint, on the real programs: the program is killed there and started again, and it all comes out as if nothing had been.

Rows 1-15 of the fault table. What each failpoint means stands in attune_core/failpoints.py; the witness judges all of them together.
"""

import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from attune_cli.local.program import module
from attune_controller.backup import read_manifest
from attune_core.failpoints import FAILPOINTS
from tests.faults.rig import FAN, Rig, alive, rig
from tests.faults.scale import soak

pytestmark = [pytest.mark.flow, pytest.mark.timeout(300)]


def send_steps(broken: Rig, lane: str, *, count: int = 3, pause: str = "0", as_line: bool = False) -> None:
    for _ in range(count):
        broken.send(lane, pause=pause, as_line=as_line)


def push(broken: Rig, lane: str) -> None:
    """Bring a new revision; what is sent meanwhile runs on one of the two."""
    broken.origin.write({"packs/crash/README.md": f"{lane} {len(broken.acknowledged)}\n"})
    broken.commit = broken.origin.push()
    send_steps(broken, lane)


def build_anew(broken: Rig, lane: str) -> None:
    """An environment that was never built is needed."""
    broken.origin.write({"packs/crash/requirements.lock": f"# {len(broken.acknowledged)}\n"})
    broken.commit = broken.origin.push()
    assert broken.system.wait_for_revision(broken.commit).sync.active_revision == broken.commit
    send_steps(broken, lane)


def restart_the_agent(broken: Rig, lane: str) -> None:
    """The agent is killed while an attempt runs; at a13 the next one is about to take it up."""
    broken.send(lane, pause="0.5")
    broken.await_start(lane, broken.sent[lane])
    alive(broken.host.agent).kill()
    broken.system.start_agent(broken.host)


def remove_environments(broken: Rig, lane: str) -> None:
    """The command of the host that removes environments is killed, and one is needed again."""
    places = ("--state", str(broken.host.state), "--run", str(broken.host.run), "--config", str(broken.host.config))
    assert command(broken, "agent", "environments", "remove", "--unused", *places) == -signal.SIGKILL
    broken.send(lane)


def back_up(broken: Rig, lane: str) -> None:
    """The command that makes a backup is killed, and given again."""
    into = broken.witness.with_name(f"backup-{len(broken.acknowledged)}")
    words = ("controller", "backup", str(into), "--state", str(broken.system.controller_state))
    assert command(broken, *words) == -signal.SIGKILL
    assert not into.exists(), "a backup is whole or not there"
    assert command(broken, *words) == 0
    read_manifest(into)
    broken.send(lane)


def command(broken: Rig, *words: str) -> int:
    """Run a command of ours that may be killed at a failpoint; return its code."""
    argv, environment = [*module("attune_cli.main"), *words], os.environ | dict(broken.system.environment)
    return subprocess.run(argv, env=environment, capture_output=True, check=False, timeout=60).returncode


@dataclass(frozen=True, kw_only=True)
class Case:
    """How a failpoint is reached, in which kind of lane, and whether the attempt under way may be lost."""

    lane: str = "one"
    stimulus: Callable[[Rig, str], None] = send_steps
    #: The k-th time.
    times: int = 1
    #: Whether the attempt that is under way is lost, and says so.
    loses: bool = False
    #: Whether it is one of the system's programs that dies.
    program: bool = True


CASES = {name: Case() for name in FAILPOINTS} | {
    "c3": Case(stimulus=partial(send_steps, as_line=True)),
    "c4": Case(lane="fan", stimulus=lambda broken, lane: broken.send(lane, trigger="crash.fan"), times=FAN // 2),
    "c9": Case(stimulus=push),
    "c10": Case(stimulus=push),
    "c12": Case(stimulus=back_up, program=False),
    "a3": Case(lane="built", stimulus=build_anew),
    "a5": Case(loses=True),
    "a6": Case(loses=True),
    "a8": Case(loses=True),
    "a11": Case(lane="noisy", stimulus=partial(send_steps, count=1), loses=True),
    "a12": Case(lane="built", stimulus=remove_environments, program=False),
    "a13": Case(stimulus=restart_the_agent),
    "a16": Case(loses=True),
}
#: Reached when the store is made, by the fixture.
del CASES["c11"]
#: Those of sensors are reached in tests/agent/sensors.
CASES = {name: case for name, case in CASES.items() if not name.startswith("s")}
#: Agents and controllers in turn: one that has just begun does not know that its controller was away again and again.
IN_TURN = sorted(CASES, key=lambda name: (int(name[1:]), name))


def crash(broken: Rig, name: str) -> None:
    """Arm a failpoint, have it reached, start again what died, and wait until everything is over."""
    case = CASES[name]
    lane = f"{case.lane}_{name}"
    before = broken.lost(lane)
    broken.arm(name, case.times)
    sender = threading.Thread(target=case.stimulus, args=(broken, lane))
    sender.start()
    if case.program:
        broken.revive(name)
    sender.join()
    broken.settle()
    assert broken.system.wait_for_revision(broken.commit).sync.active_revision == broken.commit
    assert len(broken.lost(lane) - before) == case.loses


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("failpoints"), born="c11") as found:
        yield found
        verdict = found.verdict()
        assert not verdict.problems, verdict.problems


@pytest.mark.parametrize("name", IN_TURN)
def test_a_crash_loses_doubles_and_overtakes_nothing(broken: Rig, name: str) -> None:
    crash(broken, name)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_nor_does_it_in_any_other_order_again_and_again(broken: Rig) -> None:
    chance = random.Random(20_261_127)
    for _ in range(soak().rounds):
        for name in chance.sample(IN_TURN, len(IN_TURN)):
            crash(broken, name)
