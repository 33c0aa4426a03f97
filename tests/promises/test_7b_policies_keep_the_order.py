"""Lesson 7 with everything that delays: a rate, retries with back-off, an environment that is built first, a restart in the middle.

Judged by the witness that the actions write; they are real ones, on the real system.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_core.states import Outcome
from tests.checker import read_witness, violations
from tests.running import Running, running_system
from tests.waiting import wait_until

#: Executions of each queue, and what its action says beside what all say.
EACH = 8
ACTIONS = {
    "rated": "rate: {limit: 4, per: 1s}",
    "retried": "retry: {maximum_attempts: 3, after: [failed], initial_interval: 50ms}",
    "built": "environment: python",
    "late": "start_within: 1m",
}
ACTION = """\
description: Write down that it starts and ends
run: [sh, step.sh]
parameters:
  index: {{type: integer}}
env: {{QUEUE: {name}, INDEX: "${{{{ string(parameters.index) }}}}"}}
timeout: 1m
{policy}
"""
#: Every third one fails at first.
STEP = """\
printf 'S %s %s %s\\n' "$QUEUE" "$INDEX" "$ATTUNE_ATTEMPT" >> {witness}
printf 'E %s %s %s\\n' "$QUEUE" "$INDEX" "$ATTUNE_ATTEMPT" >> {witness}
[ "$QUEUE" != retried ] || [ "$ATTUNE_ATTEMPT" -gt 1 ] || [ $((INDEX % 3)) != 0 ]
"""
TRIGGER = """\
description: A step
data: {type: object, required: [queue, index], properties: {queue: {type: string}, index: {type: integer}}}
"""
RULE = """\
description: Run it
trigger: order.step
when: event.data.queue == "{name}"
action: order.{name}
input: {{index: "${{{{ event.data.index }}}}"}}
agents: {{match: {{role: order}}, pick: any}}
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    witness = tmp_path / "witness"
    witness.touch()
    witness.chmod(0o666)
    environments = "environments: {python: {ecosystem: python, interpreter: '>=3.9', lock: requirements.lock}}\n"
    files = {
        "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
        "packs/order/pack.yaml": f"name: order\nversion: 1.0.0\ndescription: Witnesses of order\n{environments}",
        "packs/order/requirements.lock": "",
        "packs/order/triggers/step.yaml": TRIGGER,
        "packs/order/actions/step.sh": STEP.format(witness=witness),
    }
    for name, policy in ACTIONS.items():
        files[f"packs/order/actions/{name}.yaml"] = ACTION.format(name=name, policy=policy)
        files[f"packs/order/rules/{name}.yaml"] = RULE.format(name=name)
    with running_system(tmp_path, files, labels={"role": "order"}, slots=4) as found:
        yield found


@pytest.mark.flow
def test_whatever_delays_a_start_lets_no_later_one_pass(running: Running, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    accepted = [
        running.send("order.step", {"queue": name, "index": index}, event_id=f"{name}-{index}").position
        for index in range(EACH)
        for name in ACTIONS
    ]
    wait_until(lambda: len(read_witness(witness)) > EACH, what="the first steps")
    assert running.agent.agent is not None
    running.agent.agent.kill()
    running.system.start_agent(running.agent)

    settled = [running.settled(execution) for position in accepted for execution in running.executions_of(position)]
    assert [(one.outcome, one.reason) for one in settled] == [(Outcome.SUCCEEDED, None)] * len(ACTIONS) * EACH
    lines = read_witness(witness)
    assert violations(lines, dict.fromkeys(ACTIONS, 1), dict.fromkeys(ACTIONS, EACH), frozenset()) == []
    retried = [(line.index, line.attempt) for line in lines if line.queue == "retried" and line.start]
    assert retried == [(index, attempt) for index in range(EACH) for attempt in ((1, 2) if index % 3 == 0 else (1,))]
