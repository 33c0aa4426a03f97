"""Controller, agent, executor, or all of them with the actions, killed in the middle: nothing accepted is lost, and nothing starts twice.

What ran is judged only by the witness that the actions append to (tests/checker.py); what Attune says of itself is compared before and
after: the same executions with the same numbers at the same places of the same queues.
"""

import json
import os
import random
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from attune_agent.executor.processes import all_processes
from attune_cli.client import Client
from attune_cli.errors import ControllerUnreachable
from attune_cli.local.program import Program
from attune_cli.local.system import LocalSystem
from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.api import Accepted, EventView, ExecutionView, Page, StatusView
from attune_core.wire.groups import WaitingGroup
from tests.checker import Line, read_witness, violations
from tests.faults.rig import alive, kill_at_once
from tests.running import Running, action_document, pack, running_system
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]

STEP = """\
printf 'S %s %s %s\\n' "$LANE" "$INDEX" "$ATTUNE_ATTEMPT" >> {witness}
sleep "$PAUSE"
printf 'E %s %s %s\\n' "$LANE" "$INDEX" "$ATTUNE_ATTEMPT" >> {witness}
"""
PARAMETERS: JsonObject = {"lane": {"type": "string"}, "index": {"type": "integer"}, "pause": {"type": "string"}}


def repository(witness: Path) -> dict[str, str]:
    trigger: JsonValue = {
        "description": "A step",
        "data": {"type": "object", "required": [*PARAMETERS], "additionalProperties": False, "properties": PARAMETERS},
    }
    rule: JsonObject = {
        "description": "Take it",
        "trigger": "crash.step",
        "when": '!event.data.lane.startsWith("throttled") && !event.data.lane.startsWith("quiet")',
        "action": "crash.step",
        "input": {name: f"${{{{ event.data.{name} }}}}" for name in PARAMETERS},
        "agents": {"match": {"role": "test"}},
    }
    throttled = rule | {
        "when": 'event.data.lane.startsWith("throttled")',
        "throttle": {"once_within": "24h", "key": "${{ event.data.lane }}"},
    }
    quiet = rule | {
        "when": 'event.data.lane.startsWith("quiet") && events.size() == 2',
        "throttle": {"debounce": "1s", "key": "${{ event.data.lane }}"},
    }
    step = action_document(
        "step.sh",
        parameters=PARAMETERS,
        env={"LANE": "${{ parameters.lane }}", "INDEX": "${{ string(parameters.index) }}", "PAUSE": "${{ parameters.pause }}"},
        concurrency={"limit": 1, "key": "${{ parameters.lane }}"},
        retry={"maximum_attempts": 2, "after": ["failed", "timed_out"]},
    )
    return pack(
        "crash",
        {
            "triggers/step.yaml": json.dumps(trigger),
            "rules/step.yaml": json.dumps(rule),
            "rules/throttled.yaml": json.dumps(throttled),
            "rules/quiet.yaml": json.dumps(quiet),
            "actions/step.yaml": step,
            "actions/step.sh": STEP.format(witness=witness),
        },
    )


@dataclass
class Crashing:
    """A system that is killed again and again, and the witness of what ran on it."""

    running: Running
    witness: Path
    #: What the controller acknowledged: event id to position.
    positions: dict[str, int] = field(default_factory=dict)

    @property
    def system(self) -> LocalSystem:
        return self.running.system

    def controller(self) -> Program:
        return alive(self.system.controller)

    def agent(self) -> Program:
        return alive(self.running.agent.agent)

    def executor(self) -> Program:
        return alive(self.running.agent.executor)

    @contextmanager
    def connected(self) -> Iterator[Running]:
        """Yield the system with a connection to the controller of now."""
        with self.system.client() as client:
            yield replace(self.running, client=client)

    def send(self, client: Client, step: JsonObject) -> None:
        """Send a step; the event's id is its lane and index, so that it can be sent again."""
        name = f"{step['lane']}-{step['index']}"
        event: JsonValue = {"specversion": "1.0", "id": name, "source": "test:it", "type": "crash.step", "data": step}
        accepted = client.post("/events", event, Accepted, content_type="application/cloudevents+json")
        assert self.positions.setdefault(name, accepted.position) == accepted.position, "an event has one position"

    def begin(self, lane: str, pauses: Sequence[str]) -> list[ExecutionView]:
        """Send steps of one lane and return their executions."""
        with self.connected() as running:
            for index, pause in enumerate(pauses):
                self.send(running.client, {"lane": lane, "index": index, "pause": pause})
            events = [running.executions_of(self.positions[f"{lane}-{index}"]) for index in range(len(pauses))]
            return [running.execution(execution) for (execution,) in events]

    def executions(self) -> dict[str, ExecutionView]:
        with self.connected() as running:
            return {found.id: found for found in running.client.pages("/v1/executions", Page[ExecutionView], {}, most=10_000)}

    def settle(self) -> dict[str, ExecutionView]:
        """Wait until everything is over and return it."""
        with self.connected() as running:
            wait_until(
                lambda: running.client.get("/v1/status", StatusView).executions_unsettled == 0, timeout=90, what="the end of all executions"
            )
        return self.executions()

    def lines(self, lane: str) -> list[Line]:
        return [line for line in read_witness(self.witness) if line.queue == lane]

    def await_start(self, lane: str, index: int) -> None:
        wait_until(lambda: any(line.index == index and line.start for line in self.lines(lane)), what=f"the start of {lane} {index}")


@pytest.fixture(scope="module")
def crashing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    place = tmp_path_factory.mktemp("crashes")
    witness = place / "witness"
    witness.touch()
    witness.chmod(0o666)
    with running_system(place, repository(witness)) as running:
        yield Crashing(running, witness)


def place_of(found: ExecutionView) -> tuple[object, ...]:
    """Return what must never change about an execution."""
    return (found.id, found.number, found.event, found.agent, found.queue_key, found.epoch, found.sequence, found.accepted_at)


def assert_kept(before: Mapping[str, ExecutionView], after: Mapping[str, ExecutionView]) -> None:
    """Everything that was known before the crash is known after it, at its place; what had ended has ended so."""
    for execution, found in before.items():
        assert place_of(after[execution]) == place_of(found)
        if found.state is State.SETTLED:
            assert (after[execution].outcome, after[execution].attempt) == (found.outcome, found.attempt)


def assert_in_order(crashing: Crashing, lanes: Mapping[str, int], after: Mapping[str, ExecutionView]) -> None:
    """Sequences follow positions, each event has one execution, and the witness shows no second start and no overtaking."""
    lost: set[tuple[str, int]] = set()
    ranked: list[Line] = []
    for lane, count in lanes.items():
        positions = {index: crashing.positions[f"{lane}-{index}"] for index in range(count)}
        rank = {index: place for place, index in enumerate(sorted(positions, key=lambda index: positions[index]))}
        by_event = {found.event: found for found in after.values() if found.queue_key == f'"{lane}"'}
        assert sorted(by_event) == sorted(positions.values()), "one execution for each event"
        ordered = [by_event[position] for position in sorted(positions.values())]
        assert [found.sequence for found in ordered] == list(range(1, count + 1))
        assert [found.number for found in ordered] == sorted(found.number for found in ordered)
        lost |= {(lane, index) for index, found in enumerate(ordered) if found.outcome is Outcome.LOST}
        ranked += [replace(line, index=rank[line.index]) for line in crashing.lines(lane)]
        ended = {line.index for line in ranked if line.queue == lane and not line.start}
        assert {index for index, found in enumerate(ordered) if found.outcome is Outcome.SUCCEEDED} <= ended
    assert {found.outcome for found in after.values()} <= {Outcome.SUCCEEDED, Outcome.LOST}
    found = violations(ranked, dict.fromkeys(lanes, 1), lanes, frozenset(lost))
    assert not found, found[:10]


def processes_of(execution: str) -> list[int]:
    """Return the living processes that carry an execution's id in their environment."""
    mark = f"ATTUNE_EXECUTION_ID={execution}".encode()
    found = []
    for process in all_processes():
        with suppress(OSError):
            if mark in Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0"):
                found.append(process.pid)
    return found


def test_a_controller_killed_while_it_accepts_forgets_nothing_and_plans_once(crashing: Crashing) -> None:
    """Killed between acceptance, plan and hand-over: senders that got no answer send again, under the same id."""
    lanes = {"first": 30, "second": 30}
    crashing.agent().stop()  # so that planned work waits at the controller
    steps: list[JsonObject] = [{"lane": lane, "index": index, "pause": "0"} for lane, count in lanes.items() for index in range(count)]
    random.Random(1).shuffle(steps)
    before: dict[str, ExecutionView] = {}
    for wanted in (15, 35, 60):
        unsent = send_until(crashing, steps, wanted)
        crashing.controller().wait()
        crashing.system.start_controller()
        steps = unsent
        after = crashing.executions()
        assert_kept(before, after)
        before = after
    assert steps == []
    with crashing.connected() as running:
        wait_until(lambda: running.client.get("/v1/status", StatusView).events_waiting == 0, what="all plans")
    planned = crashing.executions()
    assert len(planned) == sum(lanes.values())
    assert read_witness(crashing.witness) == []
    crashing.system.start_agent(crashing.running.agent)
    after = crashing.settle()
    assert_kept(planned, after)
    assert_in_order(crashing, lanes, after)
    assert {found.outcome for found in after.values()} == {Outcome.SUCCEEDED}


def send_until(crashing: Crashing, steps: Sequence[JsonObject], wanted: int) -> list[JsonObject]:
    """Send from four connections, kill the controller with the acknowledgement that makes so many ever; return what got none."""
    waiting, unsent = list(steps), list[JsonObject]()
    controller = crashing.controller().pid

    def sender() -> None:
        with crashing.system.client() as client, suppress(IndexError):
            while len(crashing.positions) < wanted:
                step = waiting.pop()
                try:
                    crashing.send(client, step)
                except ControllerUnreachable:
                    unsent.append(step)
                    return
            os.kill(controller, signal.SIGKILL)

    senders = [threading.Thread(target=sender) for _ in range(4)]
    for thread in senders:
        thread.start()
    for thread in senders:
        thread.join()
    return waiting + unsent


def test_a_controller_killed_while_it_throttles_admits_each_key_exactly_once(crashing: Crashing) -> None:
    known = len(crashing.positions)
    lanes = [f"throttled_{letter}" for letter in "abcdef"]
    steps: list[JsonObject] = [{"lane": lane, "index": index, "pause": "0"} for lane in lanes for index in range(10)]
    random.Random(2).shuffle(steps)
    for wanted in (15, 35, 60):
        steps = send_until(crashing, steps, known + wanted)
        crashing.controller().wait()
        crashing.system.start_controller()
    with crashing.connected() as running:
        wait_until(lambda: running.client.get("/v1/status", StatusView).events_waiting == 0, what="all plans")
        for lane in lanes:
            positions = sorted(crashing.positions[f"{lane}-{index}"] for index in range(10))
            events = [running.client.get(f"/v1/events/{position}", EventView) for position in positions]
            assert [len(event.executions) for event in events] == [1] + [0] * 9, "the first in the controller's order, and it alone"
            assert ["throttled until" in event.reason for event in events] == [False] + [True] * 9


def test_a_controller_killed_while_groups_of_events_end_fires_each_exactly_once(crashing: Crashing) -> None:
    lanes = [f"quiet_{number}" for number in range(30)]
    with crashing.connected() as running:
        for index in range(2):
            for lane in lanes:
                crashing.send(running.client, {"lane": lane, "index": index, "pause": "0"})
        wait_until(lambda: bool(fired_groups(running.client)), what="the first end")
    crashing.controller().kill()
    crashing.system.start_controller()
    with crashing.connected() as running:
        wait_until(lambda: not running.client.get("/v1/throttles", Page[WaitingGroup]).items, what="the last end")
        assert sorted(fired_groups(running.client)) == sorted(crashing.positions[f"{lane}-1"] for lane in lanes)


def fired_groups(client: Client) -> list[int]:
    """Return the events that groups fired for, one for each execution."""
    found = client.pages("/v1/executions", Page[ExecutionView], {}, most=10_000)
    return [one.event for one in found if one.rule == "crash.quiet"]


def test_an_agent_killed_during_a_run_takes_it_up_again(crashing: Crashing) -> None:
    """Row 13."""
    begun = crashing.begin("agent", ["0.8", "0", "0"])
    crashing.await_start("agent", 0)
    crashing.agent().kill()
    assert processes_of(begun[0].id), "the action goes on"
    crashing.system.start_agent(crashing.running.agent)
    after = crashing.settle()
    assert [after[found.id].outcome for found in begun] == [Outcome.SUCCEEDED] * 3
    assert_kept({found.id: found for found in begun}, after)
    assert [(line.start, line.index, line.attempt) for line in crashing.lines("agent")] == [
        (start, index, 1) for index in range(3) for start in (True, False)
    ]


def test_an_executor_killed_during_a_run_loses_that_attempt_alone(crashing: Crashing) -> None:
    """Row 16."""
    begun = crashing.begin("executor", ["60", "0", "0"])
    crashing.await_start("executor", 0)
    crashing.executor().kill()
    crashing.system.start_executor(crashing.running.agent)
    assert processes_of(begun[0].id) == [], "no process of it outlives the next executor's start"
    after = crashing.settle()
    lost, *others = (after[found.id] for found in begun)
    assert (lost.outcome, lost.reason, lost.attempt) == (Outcome.LOST, Reason.EXECUTOR_DIED, 1)
    assert [found.outcome for found in others] == [Outcome.SUCCEEDED] * 2, "the queue goes on"
    assert [(line.start, line.index) for line in crashing.lines("executor")] == [(True, 0), (True, 1), (False, 1), (True, 2), (False, 2)]


@pytest.mark.parametrize(
    ("each", "crashes"), [(25, 4), pytest.param(300, 60, marks=[pytest.mark.soak, pytest.mark.timeout(1800)], id="soak")]
)
def test_a_host_that_crashes_whole_starts_nothing_twice(crashing: Crashing, each: int, crashes: int) -> None:
    """Row 17: agent, executor, keepers and actions at once; the disk survives."""
    chance = random.Random(20_261_123)
    lanes = {f"host{crashes}_{letter}": each for letter in "abc"}
    with crashing.connected() as running:
        for index in range(each):
            for lane in lanes:
                crashing.send(running.client, {"lane": lane, "index": index, "pause": f"{chance.random() * 0.06:.3f}"})
    for crash in range(1, crashes + 1):
        count = int(1.6 * sum(lanes.values()) * crash / (crashes + 1))  # of two lines each, for what is lost writes no second
        wait_until(lambda count=count: sum(len(crashing.lines(lane)) for lane in lanes) >= count, timeout=60, what=f"{count} lines")  # type: ignore[misc]  # a default binds it now
        before = crashing.executions()
        kill_at_once([crashing.executor(), crashing.agent(), crashing.controller()])
        crashing.system.start_controller()
        crashing.system.start_executor(crashing.running.agent)
        crashing.system.start_agent(crashing.running.agent)
        assert_kept(before, crashing.executions())
    after = crashing.settle()
    ours = {found.id: found for found in after.values() if found.queue_key.strip('"') in lanes}
    assert_in_order(crashing, lanes, ours)
    lost = [found for found in ours.values() if found.outcome is Outcome.LOST]
    assert {found.reason for found in lost} <= {Reason.EXECUTOR_DIED, Reason.START_UNKNOWN}
    assert len(lost) <= crashes * len(lanes), "at most what was running"
    assert all(found.attempt == 1 for found in lost)
