"""`attune rule test`: one rule and one event, every clause with its values, and what would come of it."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import attune
from tests.core.catalog.test_cases import CASES

RULE = "web.restart_on_alert"
BASE = CASES / "base"


def test_every_clause_is_shown_with_its_value_and_its_fields() -> None:
    done = attune("rule", "test", RULE, '{"unit": "db", "severity": "high", "host": "h1"}', cwd=BASE)
    assert done.returncode == 1
    assert done.stdout == (
        "rule                  web.restart_on_alert (packs/web/rules/restart_on_alert.yaml:2)\n"
        "fires                 no: its condition does not hold\n"
        'clause 1              true   event.data.severity in ["critical", "high"]\n'
        '                             event.data.severity = "high"\n'
        'clause 2              false  event.data.unit.startsWith("web_")\n'
        '                             event.data.unit = "db"\n'
        "action (if it fired)  web.restart\n"
        'input (if it fired)   {"tries": 3, "unit": "db", "token": "${{ secrets.web_token }}"}\n'
        'agents (if it fired)  {"role": "web", "host": "h1"}\n'
        'key (if it fired)     "db"\n'
        "pick                  any\n"
    )


def test_a_rule_that_fires_ends_with_zero_and_the_report_has_the_same_content() -> None:
    done = attune("rule", "test", RULE, "-", "--json", cwd=BASE, stdin='{"unit": "web_1", "severity": "high", "host": "h1"}')
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["rule"], report["fires"], report["reason"], report["throttle"]) == (RULE, True, "", None)
    assert report["clauses"][1] == {
        "source": 'event.data.unit.startsWith("web_")',
        "value": True,
        "error": "",
        "fields": {"event.data.unit": "web_1"},
        "missing": [],
    }
    assert report["execution"]["input"] == {"unit": "web_1", "tries": 3, "token": "${{ secrets.web_token }}"}


def test_an_event_is_taken_from_a_line_of_an_export(tmp_path: Path) -> None:
    events = [
        {"specversion": "1.0", "id": str(number), "source": "test", "type": "web.alert", "time": "2026-01-01T00:00:00Z", "data": data}
        for number, data in enumerate([{"unit": "db"}, {"unit": "web_1", "severity": "critical", "host": "h1"}])
    ]
    (tmp_path / "events.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events))
    given = f"@{tmp_path / 'events.ndjson'}"
    assert attune("rule", "test", RULE, given, "--line", "2", cwd=BASE).returncode == 0
    unfit = attune("rule", "test", RULE, given, "--line", "1", cwd=BASE)
    assert unfit.returncode == 1
    assert "no: the data does not fit the trigger's schema" in unfit.stdout
    assert "event.data.severity is not there" in unfit.stdout
    other = attune("rule", "test", "rules.page_when_lost", given, "--line", "2", cwd=BASE)
    assert "no: its trigger is web.restart.completed, this is a web.alert" in other.stdout


def test_of_a_completion_only_what_matters_is_given() -> None:
    done = attune("rule", "test", "rules.page_when_lost", '{"outcome": "lost", "agent": "h1"}', "--repository", ".", cwd=BASE)
    assert done.returncode == 0
    assert '{"text": "web.restart on h1: lost"}' in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["web.restart_on_alrt", "{}"], "did you mean 'web.restart_on_alert'"),
        ([RULE, "[]"], "neither a CloudEvents document nor an object"),
        ([RULE, "{"], "not JSON"),
        ([RULE, "@/no/such"], "/no/such"),
        ([RULE, "{}", "--line", "2"], "there is no line 2"),
        ([RULE, '{"specversion": "1.0"}'], "type"),
    ],
)
def test_bad_use_ends_with_two(words: list[str], said: str) -> None:
    done = attune("rule", "test", *words, cwd=BASE)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_of_several_events_is_answered_with_how_to_choose_one(tmp_path: Path) -> None:
    (tmp_path / "events.ndjson").write_text('{"unit": "db"}\n{"unit": "web_1"}\n')
    words = ("rule", "test", RULE, f"@{tmp_path}/events.ndjson")
    assert "choose one: --line 1" in attune(*words, cwd=BASE).stderr
    assert "one JSON document: the data of an event" in attune("rule", "test", RULE, "{", cwd=BASE).stderr
