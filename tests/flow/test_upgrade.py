"""An agent and an executor of the version before under this version's controller, and their upgrade in the middle of a queue (row 54)."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from attune_cli.local.origin import Origin
from attune_cli.local.system import LocalAgent, LocalSystem, network_settings
from attune_core.states import Outcome
from tests.flow.test_crashes import Crashing, repository
from tests.flow.test_restore import go_on, starts
from tests.running import Running, open_for_attempts

pytestmark = [pytest.mark.flow, pytest.mark.soak, pytest.mark.timeout(180)]
ROOT = Path(__file__).resolve().parents[2]
#: The first version with all three programs; tests/compat/0.1.0-first was recorded from it.
BEFORE = "050969a"


@dataclass(kw_only=True)
class Mixed(LocalSystem):
    """A system whose agents' programs may be those of another version."""

    code: Path | None = None

    def start_executor(self, agent: LocalAgent) -> None:
        agent.within = self._words()
        super().start_executor(agent)

    def start_agent(self, agent: LocalAgent) -> None:
        agent.within = self._words()
        super().start_agent(agent)

    def _words(self) -> tuple[str, ...]:
        return ("env", f"PYTHONPATH={self.code}") if self.code else ()


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The code of the version before, for every user to read."""
    packages = ["attune_agent", "attune_core"]
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", BEFORE, *packages], capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"the history of this clone does not go back to {BEFORE}")
    place = tmp_path / "earlier"
    place.mkdir(mode=0o755)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(place, filter="data")
    return place


@pytest.fixture
def mixed(tmp_path: Path, earlier: Path) -> Iterator[Crashing]:
    open_for_attempts(tmp_path)
    witness = tmp_path / "witness"
    witness.touch()
    witness.chmod(0o666)
    files = repository(witness)
    (script,) = [path for path in files if path.endswith("step.sh")]
    wait = f"case $PAUSE in gate*) while [ ! -e {tmp_path}/$PAUSE ]; do sleep 0.02; done ;; esac"
    files[script] = files[script].replace('sleep "$PAUSE"', wait)
    origin = Origin(tmp_path / "git")
    origin.write(files)
    commit = origin.push()
    with Mixed(root=tmp_path / "system", repository=str(origin.bare), network=network_settings(), code=earlier) as system:
        system.start_controller()
        system.wait_for_revision(commit)
        system.add_agent("one", {"role": "test"})
        system.wait_for_agents()
        with system.client() as client:
            yield Crashing(Running(system, origin, client), witness)


def state_version(agent: LocalAgent) -> int:
    connection = apsw.Connection(str(agent.state / "agent/agent.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    version = connection.execute("PRAGMA user_version").get
    connection.close()
    assert isinstance(version, int)
    return version


def test_a_host_is_upgraded_with_its_queue_half_done_and_an_action_running(mixed: Crashing, tmp_path: Path) -> None:
    system, agent = mixed.system, mixed.running.agent
    assert isinstance(system, Mixed)
    go_on(mixed, "lane", "0", "gate1", "0", "0")
    mixed.await_start("lane", 1)
    mixed.agent().stop()
    assert state_version(agent) == 1, "it was an agent of the version before"
    system.code = None
    system.start_agent(agent)  # this version's, beside the executor of the version before, which runs the action
    system.wait_for_agents()
    assert starts(mixed, "lane") == [0, 1]
    go_on(mixed, "lane", "0")
    (tmp_path / "gate1").touch()
    first = mixed.settle()
    mixed.executor().stop()
    system.start_executor(agent)
    go_on(mixed, "lane", "0", "0")
    after = mixed.settle()
    assert starts(mixed, "lane") == list(range(7))
    assert {found.outcome for found in after.values()} == {Outcome.SUCCEEDED}
    assert {name: after[name] for name in first} == first
    mixed.agent().stop()
    assert state_version(agent) > 1
    assert list((agent.state / "agent").glob("agent.sqlite.v1"))
