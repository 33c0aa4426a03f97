"""Lesson 7: the order in which events were accepted is the order in which their actions start, through kills, retries and restarts.

Judged only by the witness file that the actions append to, against the positions that the controller acknowledged.
"""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonValue
from attune_core.wire.api import ExecutionView, Page, StatusView
from tests.checker import read_witness, violations
from tests.running import Running, running_system
from tests.waiting import wait_until

QUEUES = {"one_a": 1, "one_b": 1, "three_a": 3, "three_b": 3}

ACTION = """\
description: Write down that it starts and ends
run: [sh, step.sh]
parameters:
  queue: {{type: string}}
  index: {{type: integer}}
  pause: {{type: string}}
  fails: {{type: boolean}}
env:
  QUEUE: ${{{{ parameters.queue }}}}
  INDEX: ${{{{ string(parameters.index) }}}}
  PAUSE: ${{{{ parameters.pause }}}}
  FAILS: ${{{{ string(parameters.fails) }}}}
concurrency: {{limit: {limit}, key: "${{{{ parameters.queue }}}}"}}
retry: {{maximum_attempts: 2, after: [failed], initial_interval: 20ms}}
timeout: 1m
"""
STEP = """\
printf 'S %s %s %s\\n' "$QUEUE" "$INDEX" "$ATTUNE_ATTEMPT" >> {witness}
sleep "$PAUSE"
printf 'E %s %s %s\\n' "$QUEUE" "$INDEX" "$ATTUNE_ATTEMPT" >> {witness}
[ "$FAILS" = false ] || [ "$ATTUNE_ATTEMPT" = 2 ]
"""
TRIGGER = """\
description: A step
data:
  type: object
  required: [queue, index, pause, fails]
  additionalProperties: false
  properties:
    queue: {type: string}
    index: {type: integer}
    pause: {type: string}
    fails: {type: boolean}
"""
RULE = """\
description: Run it
trigger: order.step
when: event.data.queue.startsWith("{prefix}_")
action: order.{prefix}
input:
  queue: ${{{{ event.data.queue }}}}
  index: ${{{{ event.data.index }}}}
  pause: ${{{{ event.data.pause }}}}
  fails: ${{{{ event.data.fails }}}}
agents: {{match: {{role: order}}, pick: any}}
"""


def repository(witness: Path) -> dict[str, str]:
    files = {
        "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
        "packs/order/pack.yaml": "name: order\nversion: 1.0.0\ndescription: Witnesses of order\n",
        "packs/order/triggers/step.yaml": TRIGGER,
        "packs/order/actions/step.sh": STEP.format(witness=witness),
    }
    for prefix, limit in (("one", 1), ("three", 3)):
        files[f"packs/order/actions/{prefix}.yaml"] = ACTION.format(limit=limit)
        files[f"packs/order/rules/{prefix}.yaml"] = RULE.format(prefix=prefix)
    return files


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    witness = tmp_path / "witness"
    witness.touch()
    witness.chmod(0o666)
    with running_system(tmp_path, repository(witness), labels={"role": "order"}, slots=8) as found:
        yield found


def steps(seed: int, each: int) -> list[dict[str, JsonValue]]:
    """Return the events in the order in which they are sent: queues interleaved, pauses and failures at random."""
    chance = random.Random(seed)
    waiting = [queue for queue in QUEUES for _ in range(each)]
    chance.shuffle(waiting)
    counts = dict.fromkeys(QUEUES, 0)
    found: list[dict[str, JsonValue]] = []
    for queue in waiting:
        found.append({"queue": queue, "index": counts[queue], "pause": f"{chance.random() * 0.01:.4f}", "fails": chance.random() < 0.1})
        counts[queue] += 1
    return found


def wait_for_lines(witness: Path, count: int) -> None:
    wait_until(lambda: len(read_witness(witness)) > count, timeout=120, what=f"{count} lines of the witness")


@pytest.mark.flow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("each", "kills"), [(200, 5), pytest.param(2000, 40, marks=pytest.mark.soak)])
def test_no_start_is_out_of_order_or_doubled_through_kills(running: Running, tmp_path: Path, each: int, kills: int) -> None:
    sent = steps(seed=7, each=each)
    positions = [running.send("order.step", step, event_id=f"step-{number}").position for number, step in enumerate(sent)]
    assert positions == sorted(positions), "acknowledged positions are the order that is promised"
    witness = tmp_path / "witness"

    system, agent = running.system, running.agent
    for kill in range(1, kills + 1):
        wait_for_lines(witness, 2 * len(sent) * kill // (kills + 2))
        if kill % 2:
            assert agent.agent is not None
            agent.agent.kill()
            system.start_agent(agent)
        else:
            assert system.controller is not None
            system.controller.kill()
            system.start_controller()

    with system.client() as client:

        def all_settled() -> bool:
            return client.get("/v1/status", StatusView).executions_unsettled == 0

        wait_until(all_settled, timeout=600, what="the end of all executions")
        executions = list(client.pages("/v1/executions", Page[ExecutionView], {}, most=100_000))
    assert len(executions) == len(sent)
    assert all(item.state is State.SETTLED for item in executions)
    assert {item.outcome for item in executions} == {Outcome.SUCCEEDED}, "only agent and controller were killed: nothing may be lost"
    found = violations(read_witness(witness), QUEUES, dict.fromkeys(QUEUES, each), frozenset())
    assert not found, found[:10]


def place_of(step: Mapping[str, JsonValue]) -> tuple[str, int]:
    """Return the queue of a step and its place there."""
    return str(step["queue"]), int(str(step["index"]))


def kill(running: Running, name: str) -> None:
    """Kill the agent or the executor, and start it again."""
    agent, system = running.agent, running.system
    assert agent.agent is not None
    assert agent.executor is not None
    if name == "agent":
        agent.agent.kill()
        system.start_agent(agent)
    else:
        agent.executor.kill()
        system.start_executor(agent)


@pytest.mark.flow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("each", "agents", "executors"), [(50, 20, 5), pytest.param(500, 200, 50, marks=pytest.mark.soak)])
def test_kills_of_agent_and_executor_double_and_overtake_nothing_and_what_is_ambiguous_is_lost(
    running: Running, tmp_path: Path, each: int, agents: int, executors: int
) -> None:
    """Rows 12-16: at any moment of a start, a run, an end and a report."""
    sent = steps(seed=20_261_126, each=each)
    positions = [running.send("order.step", step, event_id=f"step-{number}").position for number, step in enumerate(sent)]
    witness = tmp_path / "witness"
    kills = ["agent"] * agents + ["executor"] * executors
    random.Random(17).shuffle(kills)
    for number, name in enumerate(kills, start=1):
        wait_for_lines(witness, 2 * len(sent) * number // (len(kills) + 2))
        kill(running, name)

    wait_until(
        lambda: running.client.get("/v1/status", StatusView).executions_unsettled == 0, timeout=600, what="the end of all executions"
    )
    found = {item.event: item for item in running.client.pages("/v1/executions", Page[ExecutionView], {}, most=100_000)}
    executions = {place_of(step): found[position] for step, position in zip(sent, positions, strict=True)}
    lost = {place for place, item in executions.items() if item.outcome is Outcome.LOST}
    lines = read_witness(witness)
    problems = violations(lines, QUEUES, dict.fromkeys(QUEUES, each), frozenset(lost))
    assert not problems, problems[:10]
    assert {item.outcome for item in executions.values()} <= {Outcome.SUCCEEDED, Outcome.LOST}
    assert {executions[place].reason for place in lost} <= {Reason.EXECUTOR_DIED, Reason.START_UNKNOWN}
    assert len(lost) <= executors * sum(QUEUES.values()), "at most what was running when an executor was killed"
    ended = {(line.queue, line.index, line.attempt) for line in lines if not line.start}
    for place, item in executions.items():
        assert place in lost or (*place, item.attempt) in ended, f"{place} {item}: said to have ended without having ended"
    for queue in ("one_a", "one_b"):
        indexes = [line.index for line in lines if line.queue == queue]
        assert indexes == sorted(indexes), "the lost one writes nothing any more when the next begins"
