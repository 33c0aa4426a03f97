"""Lesson 5, for every way in which an Input reaches an action: its secret is in no argv, environment, mapping, file, log or terminal.

The actions do what they should not: they print the value, and the whole Input, on both streams, return it as their Result, and fail
with it. A value that a Result's schema marks as secret is looked for as well. A sensor does so too: it prints it in an event, and in a line
that is none.
"""

import base64
import json
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import pytest

from attune_cli.profiles import save_profile
from attune_core.states import Outcome, Reason
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.api import EventView, ExecutionView, Page
from tests.cli.commands import attune
from tests.promises.test_5_inputs_never_in_argv_or_environ import scanning
from tests.running import Running, action_document, pack, running_system, shared_directory
from tests.waiting import wait_until

pytestmark = pytest.mark.flow

#: Long enough to be masked, and other in JSON, in YAML and between a shell's quotes.
CANARY = 'canary-5b7e\n"it\'s"-\u00a0wörd'
#: Made by the action; the agent does not know it before.
MADE = "made-by-the-action-9c41"
MADE_IN_PARTS = '"made-by-" "the-action-9c41"'
WAYS = [*product(("stdin", "file"), ("json", "yaml", "dotenv"))]

READ = {"stdin": "sys.stdin.buffer.read()", "file": "open(os.environ['ATTUNE_INPUT'], 'rb').read()"}
VALUE = {
    "json": "json.loads(document)['token']",
    # What these actions know of the other two formats is enough for one line of them.
    "yaml": "json.loads(document.decode().splitlines()[1].removeprefix('\"token\": '))",
    "dotenv": "subprocess.run(['sh', '-c', '. /dev/stdin; printf %s \"$TOKEN\"'], input=document, stdout=subprocess.PIPE).stdout.decode()",
}
SCRIPT = """\
import base64, json, os, subprocess, sys, time
document = {read}
value = {value}
assert value.endswith("rd"), "the whole value"
gate = os.environ["GATE_PATH"]
if gate:
    open(gate + "/" + os.environ["ATTUNE_EXECUTION_ID"], "w").close()
    while not os.path.exists(gate + "/open"):
        time.sleep(0.05)
for stream in (sys.stdout, sys.stderr):
    for text in (value, base64.b64encode(value.encode()).decode(), json.dumps(value), document.decode()):
        print("<" + text + ">", file=stream, flush=True)
json.dump({{"token": value, "in": ["<" + value + ">"], "made": {made}}}, open(os.environ["ATTUNE_RESULT"], "w"))
{end}
"""
SENSOR = """\
import base64, json, sys, time
document = sys.stdin.read()
value = json.loads(document)["config"]["token"]
for text in (value, base64.b64encode(value.encode()).decode(), json.dumps(value), document):
    print("<" + text + ">", file=sys.stderr, flush=True)
print(json.dumps(value))
print(json.dumps({"trigger": "vault.seen", "data": {"token": "<" + value + ">"}, "subject": value}), flush=True)
time.sleep(1000)
"""
ENDS = {"succeeds": "", "fails": "raise SystemExit(value)"}
RESULT: JsonValue = {"schema": {"type": "object", "properties": {"made": {"type": "string", "secret": True}}, "required": ["made"]}}


def documents() -> dict[str, str]:
    """Return one action for each way, and for each end."""
    found: dict[str, str] = {"sensors/leaky.py": SENSOR}
    sensor: JsonObject = {
        "run": ["python3", "leaky.py"],
        "emits": ["vault.seen"],
        "always": True,
        "config": {"token": "${{ secrets.vault_key }}"},
    }
    found["sensors/leaky.yaml"] = json.dumps({"description": "For tests", **sensor})
    found["triggers/seen.yaml"] = json.dumps({"description": "For tests", "data": {"type": "object"}})
    for (via, form), end in product(WAYS, ENDS):
        name = f"{via}_{form}_{end}"
        found[f"actions/{name}.py"] = SCRIPT.format(read=READ[via], value=VALUE[form], end=ENDS[end], made=MADE_IN_PARTS)
        found[f"actions/{name}.yaml"] = action_document(
            "",
            run=["python3", f"{name}.py"],
            input={"via": via, "format": form},
            parameters={"gate": {"type": "string"}, "token": {"type": "string", "secret": True}},
            env={"GATE_PATH": "${{ parameters.gate }}"},
            result=RESULT,
        )
    return found


def forms(value: str) -> list[bytes]:
    """Return what to look for: the value itself and its usual disguises, base64 of any text around it among them."""
    raw = value.encode()
    disguises = {
        raw,
        json.dumps(value)[1:-1].encode(),
        json.dumps(value, ensure_ascii=False)[1:-1].encode(),
        raw.split(b"\n")[0],  # what a line of it would show
    }
    for before, encode in product(range(3), (base64.b64encode, base64.urlsafe_b64encode)):
        whole = encode(bytes(before) + raw[: len(raw) - (before + len(raw)) % 3])
        disguises.add(whole[4 if before else 0 :])
    return [*disguises]


def files_with(place: Path, looked_for: list[bytes]) -> list[Path]:
    """Return the files below a place that hold one of these."""
    files = (path for path in sorted(place.rglob("*")) if path.is_file() and not path.is_symlink())
    return [path for path in files if any(one in content for content in [path.read_bytes()] for one in looked_for)]


def shown(place: Path, running: Running, executions: list[ExecutionView], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return everything that a terminal shows of these executions."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "config"))
    save_profile("default", running.system.profile)
    succeeded, failed = str(executions[0].number), str(executions[-1].number)
    commands = ("list --json", f"show {succeeded}", f"show {failed} --json", f"logs {failed} --stream stderr")
    texts: list[str] = []
    for command in commands:
        done = attune("execution", *command.split(), cwd=place, env={"XDG_CONFIG_HOME": str(place / "config")})
        assert (done.returncode, done.stderr) == (0, "")
        texts.append(done.stdout)
    assert sum(text.count("***") for text in texts) > 6
    return "\n".join(texts)


def test_a_secret_is_nowhere_whatever_way_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_for = ["canary-5b7e", base64.b64encode(CANARY.encode()).decode().rstrip("="), MADE]
    with ExitStack() as stack:
        scanners = [stack.enter_context(scanning(user, looked_for)) for user in (None, 65_534)]
        running = stack.enter_context(running_system(tmp_path, pack("vault", documents()), slots=len(WAYS) * len(ENDS)))
        running.system.put_agent_secret(running.agent, "vault_key", CANARY)
        gate = shared_directory(tmp_path, "gate")
        started = {
            name: running.start(f"vault.{name}", {"gate": str(gate)}, secrets={"token": "vault_key"})
            for name in (f"{via}_{form}_{end}" for (via, form), end in product(WAYS, ENDS))
        }
        wait_until(lambda: len([*gate.iterdir()]) == len(started), timeout=120, what="all actions to have read their inputs")
        for scanner in scanners:
            scanner.look()
        (gate / "open").touch()
        ended = {name: running.settled(execution) for name, execution in started.items()}
        for name, one in ended.items():
            if name.endswith("succeeds"):
                assert (one.outcome, one.result) == (Outcome.SUCCEEDED, {"token": "***", "in": ["<***>"], "made": "***"}), name
            else:
                assert (one.outcome, one.reason, one.result) == (Outcome.FAILED, Reason.EXIT_CODE, None), name
            for stream in ("stdout", "stderr"):
                assert running.printed(one.id, stream).count(b"***") >= 4, name
        wait_until(lambda: sensed(running) != [], timeout=60, what="the event of the sensor, which has waited for its secret")
        (event,) = sensed(running)
        assert (running.event(event.position).data, event.subject) == ({"token": "<***>"}, "***")
        terminal = shown(tmp_path, running, list(ended.values()), monkeypatch)
        in_memory = files_with(running.agent.run, forms(CANARY) + forms(MADE))
    assert [scanner.found for scanner in scanners] == [[], []]
    assert in_memory == []
    assert [one for one in forms(CANARY) + forms(MADE) if one in terminal.encode()] == []
    assert files_with(tmp_path, forms(CANARY)) == [running.agent.state / "agent/secrets/vault_key"]
    journal = Path(f"{running.agent.state}-executor")  # root's own: it has the Result as it was written, until it is forgotten
    assert [path for path in files_with(tmp_path, forms(MADE)) if not path.is_relative_to(journal)] == []


def sensed(running: Running) -> list[EventView]:
    """Return what the sensor has brought."""
    with running.system.client() as client:
        return list(client.pages("/v1/events", Page[EventView], {"source": "attune:sensors/one/vault.leaky"}, most=10))


@pytest.mark.parametrize(("via", "form"), WAYS[1::2])
def test_a_local_run_takes_the_same_way(tmp_path: Path, via: str, form: str) -> None:
    for path, text in pack("vault", documents()).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets/key").write_text(CANARY)
    (tmp_path / "secrets/key").chmod(0o600)
    given = ("-i", "gate=", "--secret", "token=key", "--secrets", "secrets")
    done = attune("action", "run", f"vault.{via}_{form}_succeeds", "--local", *given, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"] == {"token": "***", "in": ["<***>"], "made": "***"}
    assert done.stderr.count("***") >= 8
    assert [one for one in forms(CANARY) + forms(MADE) if one in (done.stdout + done.stderr).encode()] == []
