"""A controller restored from a backup under live agents: nothing starts twice or out of order, and what nobody knows is `lost` (G18)."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from attune_cli.local.program import module
from attune_core.states import Outcome, Reason, State
from attune_core.wire.api import ExecutionView, StatusView
from tests.checker import read_witness
from tests.flow.test_crashes import Crashing, repository
from tests.running import running_system
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]
LANES = ("one", "two", "three")


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[Crashing]:
    witness = tmp_path / "witness"
    witness.touch()
    witness.chmod(0o666)
    files = repository(witness)
    (script,) = [path for path in files if path.endswith("step.sh")]
    wait = f"case $PAUSE in gate*) while [ ! -e {tmp_path}/$PAUSE ]; do sleep 0.02; done ;; esac"
    files[script] = files[script].replace('sleep "$PAUSE"', wait)
    with running_system(tmp_path, files) as running:
        yield Crashing(running, witness)


@dataclass
class Backup:
    """Backups of a system's controller, and the way back to one."""

    crashing: Crashing
    folder: Path

    def make(self) -> None:
        self._attune("backup", str(self.folder), "--state", str(self.crashing.system.controller_state))

    def restore(self) -> None:
        """Lose the controller's disk and start a controller on the backup."""
        system = self.crashing.system
        self.crashing.controller().kill()
        system.controller_state.rename(system.root / "lost")
        self._attune("restore", str(self.folder), "--state", str(system.controller_state))
        system.start_controller()

    def _attune(self, *words: str) -> None:
        done = subprocess.run([*module("attune_cli.main"), "controller", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def go_on(crashing: Crashing, lane: str, *pauses: str) -> list[ExecutionView]:
    """Send more steps of a lane and return their executions."""
    first = sum(name.startswith(f"{lane}-") for name in crashing.positions)
    with crashing.connected() as running:
        for index, pause in enumerate(pauses, first):
            crashing.send(running.client, {"lane": lane, "index": index, "pause": pause})
        events = [running.executions_of(crashing.positions[f"{lane}-{first + more}"]) for more in range(len(pauses))]
        return [running.execution(execution) for (execution,) in events]


def starts(crashing: Crashing, lane: str) -> list[int]:
    return [line.index for line in crashing.lines(lane) if line.start]


def assert_once_and_in_order(crashing: Crashing) -> None:
    for lane in LANES:
        assert starts(crashing, lane) == sorted(set(starts(crashing, lane))), lane
        open_now: list[int] = []
        for line in crashing.lines(lane):
            if line.start:
                assert not open_now, f"{lane} {line.index} began beside {open_now}"
                open_now.append(line.index)
            else:
                open_now.remove(line.index)


def test_agents_tell_a_restored_controller_what_it_does_not_know(crashing: Crashing, tmp_path: Path) -> None:
    backup = Backup(crashing, tmp_path / "backup")
    for lane in LANES:
        go_on(crashing, lane, *["0"] * 5)
    crashing.settle()
    for lane in LANES:  # one runs, the others wait, at the agent and in the backup
        go_on(crashing, lane, "gate1", *["0"] * 4)
    for lane in LANES:
        crashing.await_start(lane, 5)
    with crashing.connected() as running:
        incarnation = running.client.get("/v1/status", StatusView).incarnation
    backup.make()
    known = crashing.executions()
    (tmp_path / "gate1").touch()
    wait_until(lambda: all(len(starts(crashing, lane)) == 10 for lane in LANES), what="what the backup does not know the end of")
    crashing.settle()
    for lane in LANES:
        go_on(crashing, lane, *["0"] * 3)
    crashing.settle()
    last = [found for lane in LANES for found in go_on(crashing, lane, "gate2", "0", "0")]
    for lane in LANES:
        crashing.await_start(lane, 13)
    backup.restore()
    with crashing.connected() as running:
        wait_until(lambda: running.client.get("/v1/status", StatusView).agents_connected == 1, what="a merged agent")
    (tmp_path / "gate2").touch()
    for lane in LANES:
        go_on(crashing, lane, "0", "0")
    after = crashing.settle()
    assert_once_and_in_order(crashing)
    assert len(read_witness(crashing.witness)) == 2 * 18 * len(LANES)
    for execution, found in known.items():
        if found.state is State.SETTLED:
            assert after[execution].outcome is Outcome.SUCCEEDED
        else:
            assert (after[execution].outcome, after[execution].reason) == (Outcome.LOST, Reason.START_UNKNOWN)
    for found in last:  # made after the backup, and in the agent's hand: known again, at their places
        again = after[found.id]
        assert (again.outcome, again.number, again.queue_key, again.epoch, again.sequence) == (
            Outcome.SUCCEEDED,
            found.number,
            found.queue_key,
            found.epoch,
            found.sequence,
        )
    assert Counter(found.epoch for found in after.values()) == {0: len(known) + len(last), 1: 2 * len(LANES)}
    with crashing.connected() as running:
        assert running.client.get("/v1/status", StatusView).incarnation != incarnation
