"""Lesson 7: the order in which events were accepted is the order in which their actions start, through kills, retries and restarts.

Judged only by the witness file that the actions append to, against the positions that the controller acknowledged.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_core.states import Outcome, State
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
