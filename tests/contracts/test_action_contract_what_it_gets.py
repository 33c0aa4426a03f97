"""docs/contract/action.md, "What it gets": the Input, the variables, the folders, the program that is looked up, the user."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_core.states import Outcome, Reason
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.api import Accepted, ExecutionView
from tests.contracts.contract_pack import ContractPack
from tests.running import Running, shared_directory
from tests.waiting import wait_until

pytestmark = pytest.mark.flow
sentence = pytest.mark.sentence

PACK = ContractPack()
#: Stands where only the agent's own PATH, or only the host setting `path`, leads to it.
PROGRAM = "#!/bin/sh\necho found\n"


@pytest.fixture(scope="module")
def running(place: Path) -> Iterator[Running]:
    for folder in ("of_the_agent", "of_the_host"):
        program = shared_directory(place, folder) / f"only_{folder}"
        program.write_text(PROGRAM)
        program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{place}/of_the_agent:{os.environ['PATH']}")
        with PACK.running(place) as found:
            grant_path(found, f"{place}/of_the_host")
            yield found


def grant_path(running: Running, folder: str) -> None:
    """Add a folder to the host setting `path`, as its administrator does."""
    agent = running.agent
    settings = agent.state / "agent.yaml"
    document: JsonObject = json.loads(settings.read_text())
    settings.write_text(json.dumps({**document, "path": ["/usr/local/bin", "/usr/bin", "/bin", folder]}))
    assert agent.agent is not None
    agent.agent.stop()
    running.system.start_agent(agent)


def succeeded(running: Running, action: str, given: JsonObject | None = None, *, secrets: JsonObject | None = None) -> ExecutionView:
    found = running.run(action, given, secrets=secrets)
    assert found.outcome is Outcome.SUCCEEDED, found
    return found


ECHO = PACK.shell(
    "echo",
    "cat",
    parameters={"text": {"type": "string"}, "count": {"type": "integer", "default": 7}, "note": {"type": "string", "optional": True}},
)
PACK.document(
    "triggers/asked.yaml",
    description="Somebody asks",
    data={"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
)
PACK.document(
    "rules/echo.yaml",
    description="Say it again",
    trigger="contract.asked",
    action=ECHO,
    input={"text": "${{ event.data.text }}"},
    agents={"match": {"role": "test"}},
)


@sentence("A1")
def test_the_input_is_one_json_document_and_then_ends(running: Running) -> None:
    text = "quotes \" ' and \\, a\nline, 日本, {{ braces }} and ${{ parameters.text }}"
    found = succeeded(running, ECHO, {"text": text})  # `cat` ends only when the Input does
    assert json.loads(running.printed(found.id)) == {"text": text, "count": 7}


@sentence("A2")
def test_the_input_has_what_the_rule_gives_and_the_defaults_of_the_rest(running: Running) -> None:
    text = "from the event: ${{ event.data.text }}"
    (execution,) = running.executions_of(running.send("contract.asked", {"text": text}, event_id="A2").position)
    assert json.loads(running.printed(running.settled(execution).id)) == {"text": text, "count": 7}
    given: JsonObject = {"text": "by hand", "count": 8, "note": "optional"}
    assert json.loads(running.printed(succeeded(running, ECHO, given).id)) == given


SECRET = PACK.python(
    "secret",
    """\
import json, os, sys
given = json.load(sys.stdin)
value = given.pop("token").encode()
places = {name: value in open(f"/proc/self/{name}", "rb").read() for name in ("environ", "cmdline")}
json.dump({"bytes": len(value), "others": given, **places}, open(os.environ["ATTUNE_RESULT"], "w"))
""",
    parameters={"token": {"type": "string", "secret": True}, "unit": {"type": "string"}},
    env={"UNIT": "${{ parameters.unit }}"},
)


@sentence("A3")
def test_a_secret_is_in_the_input_and_nowhere_else(running: Running) -> None:
    running.system.put_agent_secret(running.agent, "contract_token", 'a "quoted"\nvalue')
    found = succeeded(running, SECRET, {"unit": "web"}, secrets={"token": "contract_token"})
    assert found.result == {"bytes": 16, "others": {"unit": "web"}, "environ": False, "cmdline": False}
    assert found.input == {"unit": "web"}
    assert found.secrets == {"token": "contract_token"}


LARGE: JsonValue = {"type": "array", "items": {"type": "string"}}
DEAF = PACK.shell("deaf", "exit 0", parameters={"text": LARGE})
CLOSING = PACK.shell("closing", "exec <&-\nsleep 0.1\necho still here", parameters={"text": LARGE})
PARTIAL = PACK.shell("partial", "head -c 100 | wc -c", parameters={"text": LARGE})


@sentence("A4")
@pytest.mark.parametrize(("action", "says"), [(DEAF, b""), (CLOSING, b"still here\n"), (PARTIAL, b"100\n")])
def test_an_action_need_not_read_its_input(running: Running, action: str, says: bytes) -> None:
    almost_one_mib: list[JsonValue] = ["x" * 250_000] * 4
    assert running.printed(succeeded(running, action, {"text": almost_one_mib}).id) == says


VARIABLES = PACK.shell(
    "variables",
    "cat /proc/$$/environ",
    parameters={"unit": {"type": "string", "default": "web"}},
    env={"UNIT": "unit ${{ parameters.unit }}"},
)
PACK.document("triggers/traced.yaml", description="Part of a trace", data={"type": "object"})
PACK.document("rules/traced.yaml", description="Trace it", trigger="contract.traced", action=VARIABLES, agents={"match": {"role": "test"}})
CONTRACT = {
    *("PATH", "HOME", "TMPDIR", "LANG", "ATTUNE_EXECUTION_ID", "ATTUNE_ATTEMPT", "ATTUNE_ACTION", "ATTUNE_PACK", "ATTUNE_RESULT"),
    "UNIT",
}


def variables(printed_environ: bytes) -> dict[str, str]:
    """Return what proc(5) shows of an environment."""
    pairs = (entry.partition("=") for entry in printed_environ.decode().rstrip("\0").split("\0"))
    return {name: value for name, _, value in pairs}


@sentence("A5")
def test_the_environment_has_exactly_the_named_variables(running: Running, place: Path) -> None:
    found = succeeded(running, VARIABLES)
    seen = variables(running.printed(found.id))
    assert set(seen) == CONTRACT
    assert seen["PATH"] == f"/usr/local/bin:/usr/bin:/bin:{place}/of_the_host"
    assert (seen["LANG"], seen["UNIT"]) == ("C.UTF-8", "unit web")
    assert (seen["ATTUNE_ACTION"], seen["ATTUNE_EXECUTION_ID"], seen["ATTUNE_ATTEMPT"]) == (VARIABLES, found.id, "1")


@sentence("A5")
def test_the_trace_of_an_event_reaches_its_action(running: Running) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    event: JsonObject = {"specversion": "1.0", "id": "A5", "source": "test:it", "type": "contract.traced", "data": {}, "traceparent": trace}
    accepted = running.client.post("/events", event, Accepted, content_type="application/cloudevents+json")
    (execution,) = running.executions_of(accepted.position)
    seen = variables(running.printed(running.settled(execution).id))
    assert set(seen) == CONTRACT | {"TRACEPARENT"}
    assert seen["TRACEPARENT"] == trace


AGAIN = PACK.shell(
    "again",
    'echo "$ATTUNE_EXECUTION_ID $ATTUNE_ATTEMPT $HOME $TMPDIR" >> "$WITNESS"\n[ "$ATTUNE_ATTEMPT" = 3 ]',
    parameters={"witness": {"type": "string"}},
    env={"WITNESS": "${{ parameters.witness }}"},
    retry={"maximum_attempts": 3, "initial_interval": "10ms"},
)


@sentence("A6")
@sentence("A7")
def test_attempts_share_the_executions_id_and_nothing_else(running: Running, place: Path) -> None:
    witness = shared_directory(place, "attempts") / "witness"
    witness.touch()
    witness.chmod(0o666)
    found = succeeded(running, AGAIN, {"witness": str(witness)})
    lines = [line.split() for line in witness.read_text().splitlines()]
    assert [line[:2] for line in lines] == [[found.id, "1"], [found.id, "2"], [found.id, "3"]]
    assert found.attempt == 3
    assert len({directory for line in lines for directory in line[2:]}) == 6, "each attempt has two directories of its own"


PRIVATE = PACK.python(
    "private",
    """\
import json, os
seen = {}
for name in ("HOME", "TMPDIR"):
    path = os.environ[name]
    mode = os.stat(path).st_mode & 0o777
    seen[name] = {"path": path, "mode": mode, "entries": os.listdir(path)}
    os.makedirs(path + "/a/b")
    open(path + "/a/b/file", "w").close()
    os.chmod(path + "/a", 0)
json.dump(seen, open(os.environ["ATTUNE_RESULT"], "w"))
""",
)


@sentence("A7")
def test_home_and_tmpdir_are_private_and_removed(running: Running) -> None:
    result = succeeded(running, PRIVATE).result
    assert isinstance(result, dict)
    for seen in result.values():
        assert isinstance(seen, dict)
        assert (seen["mode"], seen["entries"]) == (0o700, [])
        path = Path(str(seen["path"]))
        wait_until(lambda path=path: not path.exists(), what=f"the removal of {path}")  # type: ignore[misc]  # a default binds it now


FOLDERS = PACK.shell(
    "folders",
    'pwd -P\necho "$ATTUNE_PACK"\nls "$ATTUNE_PACK"\ntouch made && echo written\ntouch "$ATTUNE_PACK/made" && echo written\n'
    "echo x >> folders.sh && echo written\nexit 0",
)


@sentence("A8")
def test_it_runs_beside_its_document_in_a_read_only_copy_of_the_pack(running: Running) -> None:
    found = succeeded(running, FOLDERS)
    where, root, *entries = running.printed(found.id).decode().splitlines()
    assert where == f"{root}/actions"
    assert root.startswith(str(running.agent.state / "packs"))
    assert entries == ["actions", "pack.yaml", "requirements.lock", "rules", "triggers"], "the whole pack, and nothing was written"
    assert running.printed(found.id, "stderr").count(b"\n") == 3, "each of the three attempts to write was refused"


GATED = PACK.shell(
    "gated",
    'while [ ! -e "$GATE" ]; do sleep 0.02; done\ncat revision.txt',
    parameters={"gate": {"type": "string"}},
    env={"GATE": "${{ parameters.gate }}"},
)
PACK.text("actions/revision.txt", "first")


@sentence("A8")
def test_a_push_does_not_change_what_an_accepted_execution_runs(running: Running, place: Path) -> None:
    gate = shared_directory(place, "gate") / "open"
    under_way, waiting = (running.start(GATED, {"gate": str(gate)}) for _ in range(2))
    running.push({"packs/contract/actions/revision.txt": "second"})
    after = running.start(GATED, {"gate": str(gate)})
    gate.touch()
    seen = [running.printed(running.settled(execution).id) for execution in (under_way, waiting, after)]
    assert seen == [b"first", b"first", b"second"]


OF_AGENT = PACK.action("of_agent", ["only_of_the_agent"])
OF_HOST = PACK.action("of_host", ["only_of_the_host"])
BESIDE = PACK.executable("beside", PROGRAM)
PACK.document(
    "pack.yaml",
    name="contract",
    version="1.0.0",
    description="For tests",
    environments={"own": {"ecosystem": "python", "interpreter": ">=3.9", "lock": "requirements.lock"}},
)
PACK.text("requirements.lock", "")
IN_ENVIRONMENT = PACK.action("in_environment", ["python", "-c", "import sys; print(sys.executable)"], {"environment": "own"})


@sentence("A9")
def test_the_program_is_never_looked_for_along_the_agents_own_path(running: Running) -> None:
    found = running.run(OF_AGENT)
    assert (found.outcome, found.reason) == (Outcome.FAILED, Reason.NOT_EXECUTABLE)
    assert "'only_of_the_agent' is in no directory of PATH" in found.detail


@sentence("A9")
@pytest.mark.parametrize("action", [OF_HOST, BESIDE])
def test_the_program_is_found_along_the_hosts_path_or_beside_the_document(running: Running, action: str) -> None:
    assert running.printed(succeeded(running, action).id) == b"found\n"


@sentence("A9")
def test_the_program_is_first_looked_for_in_the_environment(running: Running) -> None:
    found = running.run(IN_ENVIRONMENT, timeout=100)
    assert found.outcome is Outcome.SUCCEEDED, found
    assert running.printed(found.id).startswith(str(running.agent.state / "environments").encode())


ALONE = PACK.shell("alone", "cut -d ' ' -f 6 /proc/$$/stat\necho $$\numask\ngrep NoNewPrivs /proc/$$/status")
TOGETHER = PACK.shell(
    "together",
    'touch "$MEETING/$(id -u).$ATTUNE_EXECUTION_ID"\nwhile [ "$(ls "$MEETING" | wc -l)" -lt 3 ]; do sleep 0.02; done\nid -u\nid -g\nid -G',
    parameters={"meeting": {"type": "string"}},
    env={"MEETING": "${{ parameters.meeting }}"},
    concurrency={"limit": 3},
)


@sentence("A10")
def test_it_leads_a_session_of_its_own_and_can_gain_no_privilege(running: Running) -> None:
    session, process, umask, _, no_new_privileges = running.printed(succeeded(running, ALONE).id).split()
    assert session == process
    assert (int(umask, 8), no_new_privileges) == (0o077, b"1")


@sentence("A10")
@pytest.mark.root
def test_attempts_that_run_together_have_different_uids(running: Running, place: Path) -> None:
    meeting = shared_directory(place, "meeting")
    executions = [running.start(TOGETHER, {"meeting": str(meeting)}) for _ in range(3)]
    seen = [running.printed(running.settled(execution).id).split() for execution in executions]
    assert all(len({*ids}) == 1 for ids in seen), "uid, gid and the only group are one number"
    uids = {int(ids[0]) for ids in seen}
    assert len(uids) == 3
    assert running.agent.uids is not None
    assert uids <= set(running.agent.uids[1:]), "the first of the range is the build user's"
