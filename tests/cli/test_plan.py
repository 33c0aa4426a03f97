"""`attune plan`: what a change does to recorded events, before it is merged; with a real git repository and the real program."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from attune_cli.render.plan_markdown import LIMIT, MARKER
from attune_core.rules.recorded import RecordedEvent, write_event
from attune_core.values import JsonObject, JsonValue
from tests.cli.commands import attune
from tests.cli.terminal import drawn
from tests.cli.working_copy import RULE, WorkingCopy

Done = subprocess.CompletedProcess[str]
ALERTS = [
    ("web_a", "critical"),
    ("web_b", "high"),
    ("db", "critical"),
    ("web_a", "low"),
    ("web_a", "high"),
    ("web_b", "critical"),
]


def alert(number: int, unit: str, severity: str, **changed: JsonValue) -> RecordedEvent:
    at = 1767225600.0 + 60 * number
    data: JsonObject = {"unit": unit, "severity": severity, "host": f"h{number}"}
    return RecordedEvent(
        id=f"{number}", source="mon", type="web.alert", subject="", time=at, received_at=at, data=data | changed, position=number
    )


@dataclass
class Place:
    """A working copy, and recorded events beside it."""

    copy: WorkingCopy
    events: Path

    def record(self, *events: RecordedEvent) -> None:
        self.events.write_text("".join(write_event(one) + "\n" for one in events), encoding="utf-8")

    def plan(self, *arguments: str, revisions: str = "main..", env: Mapping[str, str] | None = None) -> Done:
        done = attune("plan", revisions, "--events", str(self.events), *arguments, cwd=self.copy.root, env=env)
        assert "Traceback" not in done.stderr
        return done


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(WorkingCopy(tmp_path / "repository"), tmp_path / "events.ndjson")
    place.record(*(alert(number, unit, severity) for number, (unit, severity) in enumerate(ALERTS, start=1)))
    return place


def lines_of(done: Done) -> list[str]:
    return [line.strip() for line in done.stdout.splitlines()]


def test_a_change_of_two_lines_shows_the_executions_that_change_and_only_those(place: Place) -> None:
    place.copy.replace(RULE, '["critical", "high"]', '["critical"]')
    place.copy.replace(RULE, "unit: ${{ event.data.unit }}", 'unit: "${{ event.data.unit }}.service"')
    place.copy.commit()
    done = place.plan(revisions=f"{place.copy.first}..main")
    commit = place.copy.git("rev-parse", "main")[:12]
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout
        == f"""\
{place.copy.first} → main ({commit})
6 events from {place.events}, received from 2026-01-01T00:01:00.000000Z to 2026-01-01T00:06:00.000000Z

web.restart_on_alert → web.restart
  - 2 executions vanish, of 6 events
    2  its condition does not hold: event.data.severity in ["critical"]
    event 2, 2026-01-01T00:02:00.000000Z
      its condition does not hold: event.data.severity in ["critical"]
      input {{"token":"${{{{ secrets.web_token }}}}","tries":3,"unit":"web_b"}}, agents {{"host":"h2","role":"web"}}, key "web_b"
    event 5, 2026-01-01T00:05:00.000000Z
      its condition does not hold: event.data.severity in ["critical"]
      input {{"token":"${{{{ secrets.web_token }}}}","tries":3,"unit":"web_a"}}, agents {{"host":"h5","role":"web"}}, key "web_a"
  ~ 2 executions change, of 6 events
    2  input.unit
    2  key
    event 1, 2026-01-01T00:01:00.000000Z
      input.unit: "web_a" → "web_a.service"
      key: "web_a" → "web_a.service"
    event 6, 2026-01-01T00:06:00.000000Z
      input.unit: "web_b" → "web_b.service"
      key: "web_b" → "web_b.service"

rule                  fired
web.restart_on_alert  4 → 2

there was no event of web.restart.completed
2 executions change, 2 executions vanish
"""
    )


def test_a_change_that_changes_no_execution_says_so_plainly(place: Place) -> None:
    place.copy.replace(RULE, "description: A failing", "description: Any failing")
    done = place.plan("--fail-on", "any")
    assert (done.returncode, lines_of(done)[-1]) == (0, "nothing changes: 6 events give the same under both revisions")


def test_an_empty_file_of_events_is_no_mistake(place: Place) -> None:
    place.record()
    done = place.plan()
    assert (done.returncode, lines_of(done)[-1]) == (0, "nothing was compared, because there are no events")


def test_a_throttle_goes_by_the_time_of_the_events(place: Place) -> None:
    with (place.copy.root / RULE).open("a") as rule:
        rule.write('throttle: {once_within: 4m, key: "${{ event.data.unit }}"}\n')
    done = place.plan("--examples", "0")
    assert "web.restart_on_alert  4 → 4" not in done.stdout, "web_a: minutes 1 and 5, web_b: minutes 2 and 6"
    assert lines_of(done)[-1].startswith("nothing changes")
    with (place.copy.root / RULE).open("a") as rule:
        rule.write("")
    place.copy.replace(RULE, "4m", "4m1s")
    done = place.plan("--examples", "0")
    assert "2  it is throttled" in lines_of(done)
    assert "web.restart_on_alert  4 → 2  0 → 2" in lines_of(done)


def test_events_that_become_undeliverable_are_counted_with_their_reason(place: Place) -> None:
    place.copy.replace("packs/web/triggers/alert.yaml", "severity: {enum: [low, high, critical]}", "severity: {enum: [low, critical]}")
    place.copy.replace(RULE, '["critical", "high"]', '["critical", "low"]')
    done = place.plan("--fail-on", "undeliverable")
    assert done.returncode == 1
    assert "2 events of web.alert become undeliverable" in done.stdout
    assert "the data does not fit the trigger's schema: /severity" in done.stdout
    assert "2  the event is undeliverable" in lines_of(done)
    assert lines_of(done)[-1] == "1 execution appears, 2 executions vanish, 2 events become undeliverable"
    document = json.loads(place.plan("--json").stdout)
    assert [(turn["type"], turn["becomes"], turn["count"]) for turn in document["deliverability"]] == [("web.alert", "undeliverable", 2)]


@pytest.mark.parametrize(
    ("words", "code"),
    [((), 0), (("appear",), 0), (("change", "undeliverable"), 0), (("vanish",), 1), (("appear", "vanish"), 1), (("any",), 1)],
)
def test_it_fails_on_what_it_is_told_to(place: Place, words: tuple[str, ...], code: int) -> None:
    place.copy.replace(RULE, '["critical", "high"]', '["critical"]')
    assert place.plan(*(part for word in words for part in ("--fail-on", word))).returncode == code


def test_the_base_may_be_where_the_branches_part(place: Place) -> None:
    place.copy.git("switch", "--quiet", "--create", "topic")
    place.copy.replace(RULE, '["critical", "high"]', '["critical"]')
    place.copy.commit()
    place.copy.git("switch", "--quiet", "main")
    place.copy.replace(RULE, "role: web", "role: else")
    place.copy.commit()
    place.copy.git("switch", "--quiet", "topic")
    assert "agents.role" in place.plan(revisions="main..topic").stdout
    alone = place.plan(revisions="main...topic")
    assert "agents.role" not in alone.stdout
    assert lines_of(alone)[-1] == "2 executions vanish"


@pytest.mark.parametrize("format_", ["text", "json", "markdown"])
def test_it_gives_the_same_bytes_whatever_the_hashes_the_zone_and_the_language(place: Place, format_: str) -> None:
    place.record(*(alert(number, f"web_{number % 7}", "high", since=number % 3) for number in range(1, 200)))
    place.copy.replace(RULE, "unit: ${{ event.data.unit }}", 'unit: "${{ event.data.unit }}-x"\n  tries: 4')
    place.copy.replace(RULE, 'when: \'event.data.severity in ["critical", "high"]', "when: 'event.data.since != 1")
    outputs = {
        place.plan(
            "--format", format_, env={"PYTHONHASHSEED": seed, "TZ": zone, "LANG": language, "LC_ALL": language, "PYTHONUTF8": "1"}
        ).stdout
        for seed, zone, language in [("0", "UTC", "C.UTF-8"), ("1", "Asia/Kathmandu", "C"), ("4711", "America/St_Johns", "de_DE.UTF-8")]
    }
    assert len(outputs) == 1
    assert "vanish" in outputs.pop()


HOSTILE = "\x1b[31m</code></details>@org/team #1 `x` ![a](http://evil) <!-- attune plan --> [x](y) ${{ secrets.a }}\n\n# big | a"


def test_what_events_hold_stays_text_in_a_comment_and_on_a_terminal(place: Place) -> None:
    place.copy.replace("packs/web/actions/restart.yaml", '{type: string, pattern: "^[a-z0-9@._-]+$"}', "{type: string}")
    place.copy.git("add", "--all")
    place.copy.commit()
    place.copy.replace(RULE, "role: web,", "role: else,")
    place.copy.replace(RULE, "unit: ${{ event.data.unit }}", 'unit: "${{ event.data.unit }}!"')
    place.record(alert(1, f"web_{HOSTILE}", "high", host=HOSTILE))
    comment = place.plan("--format", "markdown").stdout
    marker, *rest = comment.splitlines()
    assert marker == MARKER
    body = "\n".join(rest)
    assert "1 execution changes" in body
    for sign in ("<!--", "@", "`", "![", "](", "\x1b", "# big", "evil)", "</code></details>"):
        assert sign not in body.replace("### Attune plan", ""), sign
    assert body.count("<details>") == body.count("</details>") == 1
    assert body.count("<code>") == body.count("</code>")
    text = place.plan().stdout
    assert "\x1b" not in text
    assert "\\x1b[31m" in text.replace("\\u001b", "\\x1b")
    assert "\n# big" not in text


def test_a_comment_never_outgrows_what_a_forge_takes(place: Place) -> None:
    rule = (place.copy.root / RULE).read_text()
    for number in range(150):
        (place.copy.root / f"packs/web/rules/rule_{number}.yaml").write_text(rule)
    comment = place.plan("--format", "markdown").stdout
    assert len(comment) <= LIMIT + 200
    assert "more parts of this plan" in comment.splitlines()[-1]
    assert len(place.plan().stdout) > LIMIT


def test_a_base_without_a_pack_repository_is_named(tmp_path: Path) -> None:
    copy = WorkingCopy(tmp_path, inside="ops")
    copy.root.rename(tmp_path / "moved")
    done = attune("plan", "HEAD..", "--events", "/dev/null", cwd=tmp_path / "moved")
    assert done.returncode == 1
    assert f"HEAD ({copy.first[:12]}) cannot be compared: it has no pack repository in this folder" in done.stderr


@pytest.mark.parametrize("side", ["base", "head"])
def test_a_revision_with_errors_shows_its_problems_and_no_plan(place: Place, side: str) -> None:
    place.copy.spoil_rule()
    place.copy.commit()
    revisions = "main.." if side == "head" else f"main..{place.copy.first}"
    done = place.plan(revisions=revisions)
    assert done.returncode == 1
    assert "error ATT203" in done.stdout
    assert "did you mean 'unit'?" in done.stdout
    assert "cannot be compared" in done.stderr
    document = json.loads(place.plan("--json", revisions=revisions).stdout)
    assert [one["code"] for one in document["problems"]] == ["ATT203"]


def test_lines_that_are_no_events_are_named_and_nothing_is_shown(place: Place) -> None:
    with place.events.open("ab") as events:
        events.write(b'{"specversion": "1.0"}\n\n\xff\n' + b"[" * 10 + b"\n" * 2 + b"{}\n" * 20)
    done = place.plan()
    assert (done.returncode, done.stdout) == (2, "")
    assert "ATT715" in done.stderr
    assert f"{place.events}:7: " in done.stderr
    assert f"{place.events}:9: not UTF-8" in done.stderr
    assert "lines of the events cannot be read" in done.stderr
    assert len(done.stderr.splitlines()) < 12


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("main..", "--events", "missing.ndjson"), "ATT715"),
        (("main..", "--events", "."), "ATT715"),
        (("main..",), "ATT705"),
        (("main..", "--events", "x", "--from-controller", "24h"), "ATT705"),
        (("main", "--events", "x"), "ATT705"),
        (("main..", "--events", "x", "--fail-on", "everything"), "ATT705"),
        (("main..", "--events", "x", "--json", "--format", "markdown"), "ATT705"),
        (("nowhere..", "--events", "x"), "ATT191"),
        (("main..", "--from-controller", "24h"), "ATT700"),
    ],
)
def test_bad_use_is_said_in_one_line_with_what_to_do(place: Place, arguments: tuple[str, ...], code: str) -> None:
    done = attune("plan", *arguments, cwd=place.copy.root)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert code in done.stderr
    assert "what to do" in done.stderr
    assert "Traceback" not in done.stderr


def test_events_come_from_standard_input_too(place: Place) -> None:
    place.copy.replace(RULE, "role: web,", "role: else,")
    done = attune("plan", "main..", "--events", "-", cwd=place.copy.root, stdin=place.events.read_text())
    assert lines_of(done)[-1] == "4 executions change"
    assert "6 events from standard input" in done.stdout


def test_on_a_terminal_a_bar_shows_how_far_it_is_and_leaves_nothing_behind(place: Place) -> None:
    place.record(*(alert(number, "web_a", "high") for number in range(1, 500)))
    shown = drawn("plan", "main..", "--events", str(place.events), cwd=place.copy.root)
    assert shown.code == 0
    assert shown.stdout.splitlines()[-1].startswith("nothing changes: 499 events")
    assert shown.says("loading main", "1/2", "499 events", "100%")
    assert shown.left == "", "all of it is gone in the end"
    assert shown.stdout == place.plan().stdout
    quiet = drawn("plan", "main..", "--events", str(place.events), "--json", cwd=place.copy.root)
    assert (quiet.stderr, json.loads(quiet.stdout)["differs"]) == ("", False)


def test_the_json_document_says_what_the_text_says(place: Place) -> None:
    place.copy.replace(RULE, "role: web,", "role: else,")
    document = json.loads(place.plan("--json", "--examples", "1").stdout)
    assert (document["version"], document["differs"], document["totals"]) == (1, True, {"appear": 0, "change": 4, "vanish": 0})
    assert document["base"] == {"revision": "main", "commit": place.copy.first}
    assert document["head"] == {"revision": None, "commit": None}
    (group,) = document["groups"]
    assert (group["kind"], group["rule"], group["count"], group["of_events"]) == ("change", "web.restart_on_alert", 4, 6)
    (example,) = group["examples"]
    assert example["event"]["position"] == 1
    assert example["differences"] == [{"place": ["agents", "role"], "base": "web", "head": "else"}]
