"""docs/contract/action.md, "Inputs in a file, as YAML, as variables; secret results"."""

import json
from pathlib import Path

import pytest
import yaml

from attune_agent.executor.places import on_memory
from attune_cli.errors import RequestFailed
from attune_core.states import Outcome, Reason
from attune_core.values import JsonObject
from attune_core.wire.api import ExecutionView, Page
from tests.contracts.contract_pack import ContractPack
from tests.running import Running, shared_directory
from tests.waiting import wait_until

pytestmark = pytest.mark.flow
sentence = pytest.mark.sentence

PACK = ContractPack()
#: What YAML readers, shells and terminals would like to read as something else.
ODD: JsonObject = {"yes": "no", "0755": ["1e3", "12:30", "", " ", "null", "\x85\u2028\x1b", "日本"], "n": [1e16, 7, None, True]}


IN_FILE = PACK.shell(
    "in_file",
    'stat -c "%a %s" "$ATTUNE_INPUT"; wc -c; echo "$ATTUNE_INPUT"; cat "$ATTUNE_INPUT"',
    input={"via": "file"},
    parameters={"text": {"type": "string"}, "token": {"type": "string", "secret": True, "optional": True}},
)
WAITING = PACK.shell(
    "waiting",
    'echo "$ATTUNE_INPUT" > "$WITNESS"; sleep 600',
    input={"via": "file"},
    parameters={"witness": {"type": "string"}},
    env={"WITNESS": "${{ parameters.witness }}"},
)


@sentence("A25")
def test_an_input_in_a_file_is_private_and_removed(running: Running) -> None:
    running.system.put_agent_secret(running.agent, "file_token", "hunter2-hunter2")
    found = running.run(IN_FILE, {"text": "ü"}, secrets={"token": "file_token"})
    assert found.outcome is Outcome.SUCCEEDED, found
    mode, on_stdin, path, document = running.printed(found.id).decode().splitlines()
    whole = json.dumps({"text": "ü", "token": "hunter2-hunter2"}, ensure_ascii=False, separators=(",", ":"))
    assert mode == f"600 {len(whole.encode())}"
    assert on_stdin == "0"
    assert document == whole.replace("hunter2-hunter2", "***")
    assert not Path(path).exists()


@sentence("A25")
def test_an_input_in_a_file_does_not_outlive_a_crash_of_the_executor(running: Running, place: Path) -> None:
    witness = shared_directory(place, "crash") / "witness"
    execution = running.start(WAITING, {"witness": str(witness)})
    wait_until(lambda: witness.exists() and witness.read_text().endswith("\n"), what="the action")
    document = Path(witness.read_text().strip())
    assert document.exists()
    agent = running.agent
    assert agent.executor is not None
    agent.executor.kill()
    running.system.start_executor(agent)
    assert running.settled(execution).outcome is Outcome.LOST
    wait_until(lambda: not document.exists(), what="the removal of the input")


@sentence("A25")
def test_secrets_are_not_written_into_a_file_on_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attune_cli.local.system.memory_directory", lambda: None)
    with PACK.running(tmp_path) as running:
        running.system.put_agent_secret(running.agent, "file_token", "hunter2-hunter2")
        secret = running.run(IN_FILE, {"text": "x"}, secrets={"token": "file_token"})
        plain = running.run(IN_FILE, {"text": "x"})
        if not on_memory(running.agent.run):  # as it is wherever /tmp is a disk
            assert (secret.outcome, secret.reason) == (Outcome.REJECTED, Reason.POLICY_DENIED)
            assert "tmpfs" in secret.detail
        assert plain.outcome is Outcome.SUCCEEDED


AS_YAML = PACK.shell("as_yaml", "cat", input={"format": "yaml"}, parameters={"odd": {"type": "object"}})


@sentence("A1")
@sentence("A26")
def test_the_input_can_be_yaml(running: Running) -> None:
    found = running.run(AS_YAML, {"odd": ODD})
    assert repr(yaml.safe_load(running.printed(found.id))) == repr({"odd": ODD})


AS_VARIABLES = PACK.shell(
    "as_variables",
    '. /dev/stdin\nprintf "%s\\0" "$UNIT" "$TOKEN" "$DB_HOST_NAME" "$TAGS_COUNT" "$TAGS_0" "$TAGS_1" "${NOTE?}" "$SURE" "$COUNT"\n'
    'env | grep -c -e ^TOKEN -e ^UNIT\ntouch "$HOME/ran"',
    input={"format": "dotenv"},
    parameters={
        "unit": {"type": "string"},
        "token": {"type": "string", "secret": True},
        "db": {"type": "object"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "note": {"type": "null", "default": None},
        "sure": {"type": "boolean", "default": True},
        "count": {"type": "number", "default": 5.0},
    },
)
FROM_FILE = PACK.shell(
    "from_file",
    '. "$ATTUNE_INPUT"; printf "%s" "$UNIT"',
    input={"via": "file", "format": "dotenv"},
    parameters={"unit": {"type": "string"}},
)


@sentence("A27")
@sentence("A28")
def test_a_shell_reads_variables(running: Running) -> None:
    running.system.put_agent_secret(running.agent, "short", "it's")
    unit = "two\nlines of 'it' \\ $(id) `id` ${HOME}\n"
    given: JsonObject = {"unit": unit, "db": {"host-name": "h"}, "tags": ["a b", "*"]}
    found = running.run(AS_VARIABLES, given, secrets={"token": "short"})
    assert found.outcome is Outcome.SUCCEEDED, found
    *values, exported = running.printed(found.id).split(b"\0")
    assert values == [unit.encode(), b"it's", b"h", b"2", b"a b", b"*", b"", b"true", b"5"]
    assert exported == b"0\n", "a variable of the shell is not one of the environment"
    assert running.printed(running.run(FROM_FILE, {"unit": unit}).id) == unit.encode()


LABELS = PACK.shell("labels", "cat", input={"format": "dotenv"}, parameters={"labels": {"type": "object"}})
PACK.document("triggers/labelled.yaml", description="Has labels", data={"type": "object", "additionalProperties": True})
PACK.document(
    "rules/labels.yaml",
    description="Hand them on",
    trigger="contract.labelled",
    action=LABELS,
    input={"labels": "${{ event.data }}"},
    agents={"match": {"role": "test"}},
)


@sentence("A29")
@pytest.mark.parametrize("keys", [{"a-b": 1, "a_b": 2}, {"k" * 300: 1}])
def test_keys_that_no_variables_can_be_are_an_invalid_input(running: Running, keys: JsonObject) -> None:
    (execution,) = running.executions_of(running.send("contract.labelled", keys, event_id=f"A29 {keys}"[:50]).position)
    found = running.settled(execution)
    assert (found.outcome, found.reason) == (Outcome.REJECTED, Reason.INPUT_INVALID)
    assert "in `labels`" in found.detail
    with pytest.raises(RequestFailed, match="in `labels`"):
        running.start(LABELS, {"labels": keys})


@sentence("A29")
def test_validate_finds_what_the_schemas_show(running: Running) -> None:
    status = running.push({"packs/contract/actions/clash.yaml": json.dumps(CLASH)})
    assert {problem.code for problem in status.sync.problems} == {"ATT136", "ATT139"}
    cured = running.push({"packs/contract/actions/clash.yaml": json.dumps({**CLASH, "parameters": {}})})
    assert "error" not in {problem.severity for problem in cured.sync.problems}


CLASH: JsonObject = {
    "description": "For tests",
    "run": ["sh", "labels.sh"],
    "input": {"format": "dotenv"},
    "parameters": {"tags": {"type": "array"}, "tags_count": {"type": "integer"}, "path": {"type": "string"}},
}

LARGE: JsonObject = {"type": "array", "items": {"type": "string"}}
LATE = PACK.shell("late", "sleep 0.5; dd bs=8192 2>/dev/null | wc -c", parameters={"text": LARGE})
NEVER = PACK.shell("never", "exec sleep 600", parameters={"text": LARGE}, timeout="300ms")
ALMOST_1_MIB: JsonObject = {"text": ["x" * 250_000] * 4}


@sentence("A30")
def test_the_input_waits_for_its_reader(running: Running) -> None:
    assert int(running.printed(running.run(LATE, ALMOST_1_MIB).id)) == len(json.dumps(ALMOST_1_MIB, separators=(",", ":")))
    assert running.run(NEVER, ALMOST_1_MIB).outcome is Outcome.TIMED_OUT


HIDING = PACK.shell(
    "hiding",
    """echo '{"user": "web", "password": 12345678}' > "$ATTUNE_RESULT" """,
    result={
        "schema": {
            "type": "object",
            "properties": {"user": {"type": "string"}, "password": {"type": "integer", "minimum": 5, "secret": True}},
            "required": ["password"],
        }
    },
)
TOLD = PACK.shell("told", "cat", parameters={"whole": {"type": "object"}})
PACK.document(
    "rules/told.yaml",
    description="Hand the result on",
    trigger=f"{HIDING}.completed",
    when="event.data.result != null",
    action=TOLD,
    input={"whole": "${{ event.data.result }}"},
    agents={"match": {"role": "test"}},
)


@sentence("A31")
def test_a_secret_field_of_a_result_stays_on_the_host(running: Running) -> None:
    found = running.run(HIDING)
    masked = {"user": "web", "password": "***"}
    assert (found.outcome, found.result) == (Outcome.SUCCEEDED, masked)
    (told,) = eventually_run(running, TOLD)
    assert json.loads(running.printed(running.settled(told).id)) == {"whole": masked}


def eventually_run(running: Running, action: str) -> list[str]:
    """Wait for executions of an action that a rule makes."""
    found: list[str] = []

    def there() -> bool:
        found[:] = [one.id for one in running.client.pages("/v1/executions", Page[ExecutionView], {"action": action}, most=10)]
        return bool(found)

    wait_until(there, what=f"an execution of {action}")
    return found
