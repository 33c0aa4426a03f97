"""docs/contract/sensor.md on one host: what a sensor gets, what its lines are worth, and how long it runs."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from attune_core.values import JsonObject
from attune_core.wire.api import EventView, LogView, Page
from attune_core.wire.sensor_views import SensorOnAgent, SensorView
from tests.running import Running, action_document, pack, running_system
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]
sentence = pytest.mark.sentence

SEEN: JsonObject = {"description": "Seen", "data": {"type": "object", "properties": {"number": {"type": "integer"}}}}
RULE: JsonObject = {"description": "x", "trigger": "watch.seen", "action": "watch.note", "agents": {}}
OTHER: JsonObject = {**RULE, "trigger": "watch.other"}
GETS = """\
import json, os, subprocess, sys, time
child = subprocess.Popen(["sleep", "1000"])
data = {"document": json.loads(sys.stdin.read()), "variables": {**os.environ}, "cwd": os.getcwd(), "pid": os.getpid(), "child": child.pid}
data |= {"uid": os.getuid(), "umask": os.umask(0), "session": os.getsid(0), "writable": os.access(".", os.W_OK)}
print(json.dumps({"trigger": "watch.seen", "data": data}), flush=True)
print("the log knows", data["document"]["config"]["token"], file=sys.stderr, flush=True)
time.sleep(1000)
"""
FILE = """\
#!/bin/sh
mode=$(stat -c %a "$ATTUNE_INPUT")
content=$(sed 's/[\\\\"]/\\\\&/g' "$ATTUNE_INPUT" | tr -d '\\n')
[ -z "$(cat)" ] && echo "{\\"trigger\\": \\"watch.seen\\", \\"data\\": {\\"mode\\": \\"$mode\\", \\"content\\": \\"$content\\"}}"
sleep 1000
"""
LINES = """\
import time
print('{"trigger": "watch.seen"}')
print('{"heartbeat": true}')
print('no JSON')
print('{"trigger": "watch.seen", "color": "red"}')
print('{"trigger": "watch.other", "data": {"a": 1}}')
print('{"trigger": "watch.seen", "data": {"number": "five"}}')
for _ in range(2):
    print('{"trigger": "watch.seen", "data": {"number": 1}, "id": "mine", "time": "2026-01-02T03:04:05Z", "subject": "srv"}')
print('{"trigger": "watch.seen", "data": {"number": 2}}', flush=True)
time.sleep(1000)
"""
POLL = """\
import json, sys
given = json.load(sys.stdin)
number = given["state"] or 0
print(json.dumps({"trigger": "watch.seen", "data": {"number": number, "keys": sorted(given)}}))
if number == 1 and not __import__("os").path.exists("/tmp/PLACE"):
    open("/tmp/PLACE", "w").close()
    sys.exit(1)
print(json.dumps({"state": number + 1}))
"""
ENDS = """\
echo '{"trigger": "watch.seen"}'
"""
SILENT = """\
#!/bin/sh
echo '{"trigger": "watch.other"}'
sleep 1000
"""


def sensors(place: str) -> dict[str, str]:
    """Return the sensors' documents and programs."""
    common: JsonObject = {"description": "x", "emits": ["watch.seen"]}
    config: JsonObject = {"path": "/srv", "token": "${{ secrets.web_token }}"}
    documents: dict[str, JsonObject] = {
        "gets": {**common, "run": ["python3", "gets.py"], "config": config},
        "file": {**common, "run": ["./file.sh"], "config": {"yes": "no"}, "input": {"via": "file", "format": "yaml"}},
        "lines": {**common, "run": ["python3", "lines.py"]},
        "poll": {**common, "run": ["python3", "poll.py"], "mode": "poll", "every": "250ms"},
        "ends": {**common, "run": ["sh", "ends.sh"]},
        "silent": {**common, "run": ["./silent.sh"], "emits": ["watch.other"], "silence": "500ms"},
    }
    programs = {"gets.py": GETS, "file.sh": FILE, "lines.py": LINES, "poll.py": POLL.replace("PLACE", place), "ends.sh": ENDS}
    files = {f"sensors/{name}.yaml": json.dumps(document) for name, document in documents.items()}
    return files | {f"sensors/{name}": text for name, text in {**programs, "silent.sh": SILENT}.items()}


@pytest.fixture(scope="module")
def running(place: Path) -> Iterator[Running]:
    base = {
        "triggers/seen.yaml": json.dumps(SEEN),
        "triggers/other.yaml": json.dumps({**SEEN, "description": "Other"}),
        "actions/note.yaml": action_document("note.sh"),
        "actions/note.sh": "cat\n",
        "rules/seen.yaml": json.dumps({**RULE, "when": "false"}),
        "rules/other.yaml": json.dumps({**OTHER, "enabled": False}),
    }
    with running_system(place, pack("watch", base)) as found:
        found.system.put_agent_secret(found.agent, "web_token", "hunter2-hunter2")
        named = {f"packs/watch/{path}": text for path, text in sensors(f"attune-{os.getpid()}").items()}
        found.origin.write(named, executable=("packs/watch/sensors/file.sh", "packs/watch/sensors/silent.sh"))
        found.system.wait_for_revision(found.origin.push())
        yield found


def events(running: Running, name: str, at_least: int = 1) -> list[EventView]:
    """Wait for the events of a sensor and return them in order, with their data."""

    def found() -> list[EventView]:
        query = {"source": f"attune:sensors/one/watch.{name}"}
        return sorted(running.client.pages("/v1/events", Page[EventView], query, most=1000), key=lambda event: event.position)

    wait_until(lambda: len(found()) >= at_least, timeout=60, what=f"{at_least} events of {name}")
    return [running.client.get(f"/v1/events/{event.position}?data=true", EventView) for event in found()]


def data_of(event: EventView) -> JsonObject:
    assert isinstance(event.data, dict)
    return event.data


def shown(running: Running, name: str) -> SensorView:
    return running.client.get(f"/v1/sensors/watch.{name}", SensorView)


def on_agent(running: Running, name: str) -> SensorOnAgent:
    return shown(running, name).agents[0]


@sentence("S1")
@sentence("S2")
def test_its_configuration_is_one_document_with_its_secrets_and_then_ends(running: Running) -> None:
    (event,) = events(running, "gets")
    assert data_of(event)["document"] == {"config": {"path": "/srv", "token": "***"}}, "what it prints of a secret is masked"


@sentence("S1")
def test_it_may_come_as_yaml_in_a_file(running: Running) -> None:
    data = data_of(events(running, "file")[0])
    assert (data["mode"], yaml.safe_load(str(data["content"]))) == ("600", {"config": {"yes": "no"}})


@sentence("S3")
@sentence("S4")
@sentence("S5")
def test_its_environment_is_cleared_its_folder_is_its_packs_and_its_session_its_own(running: Running) -> None:
    data = data_of(events(running, "gets")[0])
    variables = data["variables"]
    assert isinstance(variables, dict)
    assert {*variables} - {"LC_CTYPE", "PWD"} == {"PATH", "HOME", "TMPDIR", "LANG", "ATTUNE_SENSOR", "ATTUNE_PACK", "ATTUNE_RESULT"}
    assert (variables["ATTUNE_SENSOR"], data["cwd"]) == ("watch.gets", f"{variables['ATTUNE_PACK']}/sensors")
    assert (data["umask"], data["writable"]) == (0o077, False)
    assert data["session"] != os.getsid(0)
    assert os.geteuid() != 0 or data["uid"] != 0


@sentence("S6")
@sentence("S7")
@sentence("S9")
@sentence("S10")
def test_lines_are_events_by_their_keys_and_what_does_not_belong_is_a_dead_letter(running: Running) -> None:
    first, undeclared, unfit, mine, last = events(running, "lines", 5)
    assert (first.type, data_of(first), first.status) == ("watch.seen", {}, "planned")
    run, _, offset = first.id.partition(":")
    assert (len(run), offset) == (36, "0")
    assert (undeclared.status, "does not declare that it emits watch.other" in undeclared.reason) == ("dead_letter", True)
    assert (unfit.status, "does not fit the trigger's schema" in unfit.reason) == ("dead_letter", True)
    assert (mine.id, mine.subject, mine.time) == ("mine", "srv", "2026-01-02T03:04:05.000000Z")
    assert last.id == f"{run}:{LINES_BEFORE_LAST}"


#: Where the last line begins: those before it, as they are printed.
LINES_BEFORE_LAST = sum(
    len(line) + 1
    for line in [*(text.partition("print('")[2].removesuffix("')") for text in LINES.splitlines() if text.startswith("print('"))][:-1]
    + [LINES.partition("    print('")[2].partition("')")[0]] * 2
)


@sentence("S8")
def test_any_other_line_is_counted_and_kept_as_the_last_error(running: Running) -> None:
    wait_until(lambda: on_agent(running, "lines").errors >= 2, timeout=60)
    found = on_agent(running, "lines")
    assert (found.errors, found.state, found.last_error[:17]) == (2, "running", "the line at byte "), found


@sentence("S12")
def test_stderr_is_its_log_and_is_masked(running: Running) -> None:
    log = running.client.get("/v1/sensors/watch.gets/logs", LogView, {"agent": "one", "tail": 1})
    assert (base64.b64decode(log.content), log.ended) == (b"the log knows ***\n", False)


@sentence("S13")
def test_it_runs_only_while_a_rule_needs_it_and_then_ends_by_silence_again_and_again(running: Running) -> None:
    assert (shown(running, "silent").needed, shown(running, "silent").agents) == (False, [])
    running.push({"packs/watch/rules/other.yaml": json.dumps(OTHER)})
    runs_of_silence(running)
    running.push({"packs/watch/rules/other.yaml": json.dumps({**OTHER, "enabled": False})})
    assert shown(running, "silent").agents == []


def runs_of_silence(running: Running) -> None:
    found = events(running, "silent", 2)
    assert found[0].id.partition(":")[0] != found[1].id.partition(":")[0]


@sentence("S16")
@sentence("S17")
def test_what_ends_or_is_silent_for_too_long_is_started_again(running: Running) -> None:
    found = events(running, "ends", 3)
    assert len({event.id.partition(":")[0] for event in found}) == len(found), "each is a run of its own"
    ends = on_agent(running, "ends")
    assert (ends.restarts >= 2, ends.last_error) == (True, "it ended with exit code 0")
    wait_until(lambda: "silent" not in on_agent(running, "ends").last_error)


@sentence("S21")
@sentence("S22")
@sentence("S23")
def test_a_poll_is_given_the_state_that_it_returned_and_a_run_that_failed_never_was(running: Running) -> None:
    found = [data_of(event) for event in events(running, "poll", 4)]
    assert found[0] == {"number": 0, "keys": ["config", "state"]}
    assert [one["number"] for one in found] == list(range(len(found))), "the second run failed once, and nothing of it came"
    assert on_agent(running, "poll").errors >= 1


@sentence("S18")
@sentence("S19")
def test_only_what_it_is_made_of_starts_it_again_and_all_of_it_ends(running: Running) -> None:
    before = events(running, "gets")
    pids = [data_of(before[0])[name] for name in ("pid", "child")]
    document = {"name": "watch", "version": "1.0.1", "description": "For tests"}
    running.push({"packs/watch/pack.yaml": json.dumps(document)})
    run = on_agent(running, "gets").run
    assert run == before[0].id.partition(":")[0], "a raised version is no reason"
    running.push({"packs/watch/sensors/gets.py": GETS + "# changed\n"})
    assert len(events(running, "gets", 2)) == 2
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), what="the end of the whole tree")
