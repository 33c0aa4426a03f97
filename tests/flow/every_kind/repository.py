"""A repository in which everything that can become an event does: sensors in three languages, timers, webhooks, and triggers for doors.

Pushed by `night`. Every rule leads to one action, which appends `<source> <id>` of each event that it was run for to the witness. Most
rules gather their events, so that thousands of events need some two hundred executions.
"""

import json
import shutil
from pathlib import Path

from attune_core.shipped import shipped
from attune_core.values import JsonObject, JsonValue

#: What each sensor prints before it goes quiet; times the scale.
SEEN = {"python": 120, "shell": 60, "node": 100}
#: What the ends of the executions for GitHub's deliveries, and the arrival of the host, are called in the witness.
ENDS, JOINED = "ends", "joined"

_WRITE = """printf '%s\\n' "$LINES" >> {witness}\n"""
_PYTHON = """\
import json, signal, sys, time
config = json.load(sys.stdin)["config"]
with open(config["sent"], "a") as sent:
    for n in range(1, config["count"] + 1):
        print(json.dumps({"trigger": "eyes.seen", "data": {"n": n}}), flush=True)
        print(n, file=sent, flush=True)
        time.sleep(config["pause"])
signal.pause()
"""
#: Its events have ids of its own.
_SHELL = """\
. /dev/stdin
n=0
while [ $n -lt "$CONFIG_COUNT" ]; do
    n=$((n + 1))
    printf '{"trigger": "eyes.seen", "id": "n-%s", "data": {"n": %s}}\\n' $n $n
    echo $n >> "$CONFIG_SENT"
    sleep "$CONFIG_PAUSE"
done
exec sleep 1000000
"""
_NODE = """\
const fs = require("fs");
const { sent, count, pause } = JSON.parse(fs.readFileSync(0)).config;
let n = 0;
setInterval(() => {
  if (n === count) return;
  n += 1;
  console.log(JSON.stringify({ trigger: "eyes.seen", data: { n } }));
  fs.appendFileSync(sent, `${n}\\n`);
}, pause * 1000);
"""
_SENSORS = {"python": ("python3", "eye.py", _PYTHON), "shell": ("sh", "eye.sh", _SHELL), "node": ("node", "eye.js", _NODE)}
#: What timers count from and to, so that what is due does not depend on how fast this machine is.
_BOUNDS: JsonObject = {"start": "2026-10-24T22:30:00Z", "end": "2026-10-25T02:10:00Z"}
_ALL: JsonObject = {"misfire": "all", "at_most": 1000}
_TIMERS: dict[str, JsonObject] = {
    "daily": {"cron": "30 2 * * *", "zone": "Europe/Berlin", **_BOUNDS},
    "hourly": {"cron": "0 * * * *", "zone": "Europe/Berlin", **_BOUNDS, **_ALL},
    "half": {"every": "30m", **_BOUNDS, **_ALL},
    "second": {"every": "1s", "start": "2026-10-25T02:00:05Z", "end": "2026-10-25T02:00:14Z", **_ALL},
}
#: When they are due in the night of 25 October 2026, when Berlin has 02:30 twice (00:30Z and 01:30Z).
DUE = {
    "daily": ["2026-10-25T00:30:00Z"],
    "hourly": ["2026-10-24T23:00:00Z", *(f"2026-10-25T0{hour}:00:00Z" for hour in range(3))],
    "half": [
        *(f"2026-10-24T{time}:00Z" for time in ("22:30", "23:00", "23:30")),
        *(f"2026-10-25T{time}:00Z" for time in ("00:00", "00:30", "01:00", "01:30", "02:00")),
    ],
    "second": [f"2026-10-25T02:00:{second:02}Z" for second in range(5, 15)],
}
_GATHERED: JsonObject = {"accumulate": {"within": "3s", "at_most": 100}, "key": "${{ event.source }}"}
_ONE = 'event.source + " " + event.id'
_EACH = 'events.map(e, e.source + " " + e.id).join("\\n")'


def sensors() -> dict[str, int]:
    """Return those that this machine can run, and how much each prints."""
    return {name: count for name, count in SEEN.items() if shutil.which(_SENSORS[name][0])}


def repository(witness: Path, sent: Path, *, scale: int, stretch: float) -> dict[str, str]:
    """Return its files; sensors print for so many seconds."""
    return {
        "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
        **_pack("note", {"actions/write.sh": _WRITE.format(witness=witness), "actions/write.yaml": _action()} | _rules()),
        **_pack("eyes", _sensors(sent, scale, stretch)),
        **_pack("clock", {f"timers/{name}.yaml": _document(**keys) for name, keys in _TIMERS.items()}),
        **_pack(
            "outside", {f"triggers/{name}.yaml": _document(data=_numbered()) for name in ("line", "sent", "settling", "begun", "over")}
        ),
        **_of_examples("github", "push"),
        **_of_examples("alertmanager", "notification"),
    }


def _sensors(sent: Path, scale: int, stretch: float) -> dict[str, str]:
    files = {"triggers/seen.yaml": _document(data=_numbered())}
    for name, count in sensors().items():
        program, script, text = _SENSORS[name]
        config: JsonObject = {"sent": str(sent / name), "count": count * scale, "pause": stretch / count / scale}
        format_ = "dotenv" if name == "shell" else "json"
        files[f"sensors/{name}.yaml"] = _document(run=[program, script], emits=["eyes.seen"], config=config, input={"format": format_})
        files[f"sensors/{script}"] = text
    return files


def _rules() -> dict[str, str]:
    rules = {
        "seen": _rule("eyes.seen", _EACH, throttle=_GATHERED),
        "line": _rule("outside.line", _EACH, throttle=_GATHERED),
        "sent": _rule("outside.sent", _EACH, throttle=_GATHERED),
        "alerts": _rule("alertmanager.notification", _EACH, throttle=_GATHERED),
        "settled": _rule("outside.settling", _EACH, throttle={"debounce": "1s", "key": "${{ string(event.data.n) }}"}),
        "absent": _rule(
            "outside.begun", _ONE, throttle={"absence": {"of": "outside.over", "within": "2s"}, "key": "${{ string(event.data.n) }}"}
        ),
        "github": _rule("github.push", _ONE),
        "joined": _rule("core.agent_joined", f'"{JOINED} " + event.id'),
        "ends": _rule(
            "core.execution_finished",
            f'events.map(e, "{ENDS} " + e.id).join("\\n")',
            when='event.data.rule == "note.github"',
            throttle={"accumulate": {"within": "3s", "at_most": 100}},
        ),
    }
    rules |= {timer: _rule(f"clock.{timer}", _ONE) for timer in _TIMERS}
    return {f"rules/{name}.yaml": text for name, text in rules.items()}


def _rule(trigger: str, lines: str, **keys: JsonValue) -> str:
    given: JsonObject = {"lines": f"${{{{ {lines} }}}}", "source": "${{ event.source }}"}
    return _document(trigger=trigger, action="note.write", input=given, agents={"match": {"role": "test"}}, **keys)


def _action() -> str:
    """Return one queue a source, so that the witness has the events of a source in their order."""
    return _document(
        run=["sh", "write.sh"],
        parameters={"lines": {"type": "string"}, "source": {"type": "string"}},
        env={"LINES": "${{ parameters.lines }}"},
        concurrency={"limit": 1, "key": "${{ parameters.source }}"},
    )


def _numbered() -> JsonObject:
    return {"type": "object", "required": ["n"], "additionalProperties": False, "properties": {"n": {"type": "integer"}}}


def _document(**keys: JsonValue) -> str:
    return json.dumps({"description": "For tests", **keys})


def _pack(name: str, documents: dict[str, str]) -> dict[str, str]:
    head = {"pack.yaml": f"name: {name}\nversion: 1.0.0\ndescription: For tests\n"}
    return {f"packs/{name}/{path}": text for path, text in (head | documents).items()}


def _of_examples(name: str, trigger: str) -> dict[str, str]:
    """Return the webhook of an example, and of its pack one trigger."""
    examples = shipped("examples") / "hooks"
    paths = (f"packs/{name}/pack.yaml", f"packs/{name}/triggers/{trigger}.yaml", f"webhooks/{name}.yaml")
    files = {path: (examples / path).read_text(encoding="utf-8") for path in paths}
    if name == "github":  # the others of its triggers are not here
        files[paths[2]] = "\n".join("allow: [push]" if line.startswith("allow:") else line for line in files[paths[2]].splitlines())
    return files
