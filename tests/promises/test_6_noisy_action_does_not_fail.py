"""Lesson 6: 200 MB of output neither fail the action nor reach a database; what is kept is bounded."""

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from attune_cli.local.system import LocalSystem
from attune_core.states import Outcome
from attune_core.wire.api import ExecutionView
from tests.running import Running, action_document, pack, running_system

SIZE = 200_000_000
NOISY = f"""\
head -c {SIZE // 2} /dev/zero | tr '\\0' o
head -c {SIZE // 2} /dev/zero | tr '\\0' e >&2
printf END
"""
FILES = pack(
    "noise",
    {
        "actions/noisy.yaml": action_document("noisy.sh", logs={"segment": "1MiB", "segments": 4}),
        "actions/noisy.sh": NOISY,
        "actions/quiet.yaml": action_document("quiet.sh"),
        "actions/quiet.sh": "true\n",
    },
)
BOUND = (1 << 20) + 4 * (1 << 20)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with running_system(tmp_path, FILES) as found:
        yield found


@dataclass(frozen=True)
class Growth:
    execution: ExecutionView
    by_place: dict[Path, int]


def growth(running: Running, action: str) -> Growth:
    """Run an action and return by how much the stores of controller and agent, write-ahead logs included, have grown."""
    places = [running.system.controller_state, running.agent.state / "agent"]
    before = [size_of(place, "*sqlite*") for place in places]
    found = running.run(action)
    return Growth(found, {place: size_of(place, "*sqlite*") - size for place, size in zip(places, before, strict=True)})


def size_of(place: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in place.rglob(pattern) if path.is_file())


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.flow
def test_200_mb_of_output_succeed_within_every_bound(running: Running) -> None:
    assert running.system.agents["one"].executor is not None
    executor = running.system.agents["one"].executor.pid
    running.run("noise.noisy")  # everything that is made once is made now
    memory = resident(executor)
    quiet = growth(running, "noise.quiet")

    noisy = growth(running, "noise.noisy")

    found = noisy.execution
    assert found.outcome is Outcome.SUCCEEDED, found
    for place, size in noisy.by_place.items():
        # Each execution writes its own moves into the write-ahead log; the output must add nothing to that.
        assert size - quiet.by_place[place] < 64 << 10, place
    assert resident(executor) - memory < 16 << 20
    logs = next((running.agent.state / "logs").rglob(f"{found.id}/1"))
    for stream in ("stdout", "stderr"):
        kept = sum(path.stat().st_size for path in logs.glob(f"{stream}.*") if path.suffix not in {".index", ".waypoints"})
        assert kept <= BOUND, stream
    total = running.log(found.id).total
    assert total == SIZE // 2 + len("END")
    tail = running.log(found.id, offset=total - 10)
    assert base64.b64decode(tail.content) == b"ooooooo" + b"END"
    assert tail.ended
    middle = running.log(found.id, offset=SIZE // 4)
    assert middle.gap > 0, "what was dropped is counted"


def at_rest(system: LocalSystem) -> dict[Path, int]:
    """Stop controller and agent, so that their logs are written back, and return the size of each store with all that is beside it."""
    agent = system.agents["one"]
    assert agent.agent is not None
    assert system.controller is not None
    agent.agent.stop()
    system.controller.stop()
    sizes = {place: size_of(place, "*sqlite*") for place in (system.controller_state, agent.state / "agent")}
    system.start_controller()
    system.start_agent(agent)
    system.wait_for_agents()
    return sizes


@pytest.mark.flow
def test_the_stores_and_their_write_ahead_logs_grow_by_less_than_64_kib(running: Running) -> None:
    running.run("noise.noisy")
    before = at_rest(running.system)
    with running.system.client() as client:
        assert replace(running, client=client).run("noise.noisy").outcome is Outcome.SUCCEEDED
    after = at_rest(running.system)
    for place, size in after.items():
        assert size - before[place] < 64 << 10, place
