"""Lesson 2: a mistake at any boundary (rule, parameter, payload, result, secret) is refused before the merge, and at run time at the door.

Before the merge it is the real `attune validate` over a branch of the example; at run time a live system, whose running revision stays.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_core.states import Outcome, Reason
from attune_core.values import JsonObject, parse_json
from tests.cli.commands import attune
from tests.core.catalog.git_repository import GitRepository
from tests.core.catalog.memory_tree import tree_of_folder
from tests.core.catalog.test_planted import CASES, EXAMPLE, expected
from tests.running import Running, action_document, pack, running_system
from tests.waiting import wait_until

#: Boundary -> the planted case of tests/cases/validate.
BOUNDARIES = {
    "the condition of a rule": "planted-field-in-a-condition",
    "the input of a rule": "planted-field-in-an-input",
    "the labels of a rule": "planted-field-in-a-label",
    "a parameter that an event fills": "planted-result-of-another-type",
    "a parameter that a rule writes": "planted-literal-outside-a-pattern",
    "a parameter's own default": "planted-default-does-not-fit",
    "an action's queue key": "planted-field-in-a-queue-key",
    "an action's variables": "planted-type-of-a-variable",
    "a payload": "planted-operands-behind-a-reference",
    "the payload of a rule test": "planted-test-with-an-unfit-event",
    "the trigger of a webhook": "planted-unknown-trigger-of-a-webhook",
    "a result": "planted-field-of-a-result",
    "the result in a rule test": "planted-test-with-an-unfit-result",
    "a completion": "planted-field-of-a-completion",
    "a secret for a plain parameter": "planted-secret-into-a-plain-parameter",
    "a plain value for a secret": "planted-event-for-a-secret",
    "a secret in the environment": "planted-secret-in-env",
    "a secret in argv": "planted-secret-in-argv",
    "a secret in a queue key": "planted-secret-in-a-queue-key",
}


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_mistake_at_a_boundary_is_refused_before_the_merge(boundary: str, tmp_path: Path) -> None:
    case = CASES / BOUNDARIES[boundary]
    repository = GitRepository(tmp_path / "repository.git")
    repository.commit_files(EXAMPLE | tree_of_folder(case / "repo").files)
    done = attune("validate", "--json", "--revision", "main", cwd=repository.folder, home=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    report = parse_json(done.stdout.encode())
    assert isinstance(report, dict)
    problems = report["problems"]
    assert isinstance(problems, list)
    assert [place_of(problem) for problem in problems if isinstance(problem, dict)] == expected(case)


def place_of(problem: JsonObject) -> str:
    span = problem["span"]
    assert isinstance(span, dict)
    return f"{problem['path']}:{span['line']}:{span['column']}: {problem['severity']} {problem['code']}"


FILES = pack(
    "typed",
    {
        "triggers/report.yaml": json.dumps(
            {
                "description": "A number was reported",
                "data": {"type": "object", "required": ["number"], "properties": {"number": {"type": "integer"}}},
            }
        ),
        "actions/count.yaml": action_document(
            "count.sh",
            parameters={"number": {"type": "integer", "minimum": 0}},
            result={"schema": {"type": "object", "required": ["count"], "properties": {"count": {"type": "integer", "maximum": 9}}}},
        ),
        "actions/count.sh": 'number=$(sed "s/[^0-9]//g")\necho "{\\"count\\": $number}" >"$ATTUNE_RESULT"\n',
        "rules/count.yaml": json.dumps(
            {
                "description": "Each number is counted",
                "trigger": "typed.report",
                "when": "event.data.number != 13",
                "action": "typed.count",
                "input": {"number": "${{ event.data.number }}"},
                "agents": {"match": {"role": "test"}},
            }
        ),
    },
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_system(tmp_path_factory.mktemp("typed"), FILES) as found:
        yield found


@pytest.mark.flow
def test_an_event_that_is_not_of_its_type_reaches_no_rule(running: Running) -> None:
    accepted = running.send("typed.report", {"number": "3"}, event_id="text")
    event = running.event(accepted.position)
    assert (event.status, event.executions) == ("dead_letter", [])
    assert "/number" in event.reason


@pytest.mark.flow
def test_an_event_that_no_parameter_takes_starts_nothing(running: Running) -> None:
    accepted = running.send("typed.report", {"number": -3}, event_id="below")
    (execution,) = running.executions_of(accepted.position)
    found = running.settled(execution)
    assert (found.outcome, found.attempt) == (Outcome.REJECTED, 0), found
    assert "/number" in found.detail


@pytest.mark.flow
def test_a_manual_run_is_typed_as_well(running: Running) -> None:
    body = json.dumps({"action": "typed.count", "input": {"number": "many"}, "secrets": {}}).encode()
    status, answer = running.client.post_bytes("/v1/executions", body, {"content-type": "application/json"})
    assert (status, answer["code"]) == (400, "ATT250")
    assert "/number" in str(answer["detail"])


@pytest.mark.flow
def test_a_result_that_is_not_of_its_type_is_a_failure_and_never_a_value(running: Running) -> None:
    fine, unfit = running.run("typed.count", {"number": 9}), running.run("typed.count", {"number": 10})
    assert (fine.outcome, fine.result) == (Outcome.SUCCEEDED, {"count": 9})
    assert (unfit.outcome, unfit.reason, unfit.result) == (Outcome.FAILED, Reason.RESULT_INVALID, None)


@pytest.mark.flow
def test_a_revision_with_a_mistake_never_runs_and_the_one_before_goes_on(running: Running) -> None:
    before = running.send("typed.report", {"number": 1}, event_id="before")
    wait_until(lambda: running.event(before.position).status == "planned", what="the first plan")
    rule = "packs/typed/rules/count.yaml"
    sync = running.push({rule: FILES[rule].replace("event.data.number != 13", "event.data.nunber != 13")}).sync
    assert (sync.problems[0].code, sync.problems[0].path) == ("ATT203", rule)
    assert sync.active_revision != sync.observed_revision
    after = running.send("typed.report", {"number": 2}, event_id="after")
    (execution,) = running.executions_of(after.position)
    assert running.settled(execution).result == {"count": 2}
    assert running.event(after.position).revision == running.event(before.position).revision
