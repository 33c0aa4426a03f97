"""`attune trigger infer`: from a file of events to a document that validates, with every line that was left out said."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.commands import attune
from tests.core.catalog.test_cases import CASES


def line(number: int, data: object, kind: str = "web.alert") -> str:
    return json.dumps(
        {"specversion": "1.0", "id": str(number), "source": "test", "type": kind, "time": "2026-01-01T00:00:00Z", "data": data}
    )


@pytest.fixture
def events(tmp_path: Path) -> Path:
    lines = [line(number, {"unit": f"web_{number}", "severity": ("low", "high")[number % 2]}) for number in range(20)]
    path = tmp_path / "events.ndjson"
    path.write_text("\n".join([*lines, "not json", line(20, None), "", line(21, {"x": 1}, "web.other")]) + "\n")
    return path


def test_a_document_is_written_that_validates_where_it_belongs(events: Path, tmp_path: Path) -> None:
    shutil.copytree(CASES / "base", tmp_path / "repository")
    place = tmp_path / "repository/packs/web/triggers/seen.yaml"
    words = ("trigger", "infer", "--from", str(events), "--trigger", "web.alert", "--output", str(place))
    done = attune(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "line 21 is left out: not JSON" in done.stderr
    assert "line 22 is left out: its data is not an object" in done.stderr
    assert "severity: {enum: [high, low]}  # 2 values in 20: are these all there can be?" in place.read_text()
    assert attune("validate", cwd=tmp_path / "repository").returncode == 0
    again = attune(*words, cwd=tmp_path)
    assert again.returncode == 3
    assert "is there already" in again.stderr
    assert "ATT720" in again.stderr


def test_a_file_without_any_event_says_what_is_wrong_with_its_lines(tmp_path: Path) -> None:
    done = attune("trigger", "infer", "--from", "-", cwd=tmp_path, stdin="one\ntwo\n")
    assert done.returncode == 2
    assert "no line is an event\n    line 1: not JSON" in done.stderr
    assert "ATT715" in done.stderr


def test_bare_data_a_line_are_events_too(tmp_path: Path) -> None:
    done = attune("trigger", "infer", "--from", "-", "--trigger", "web.alert", cwd=tmp_path, stdin='{"a": 1}\n{"a": 2, "b": null}\n')
    assert done.returncode == 0, done.stderr
    assert "required: [a]" in done.stdout
    assert "b: {}  # seen only once in 2; always null: what else it may be is not known" in done.stdout


def test_the_report_has_schema_and_notes(events: Path, tmp_path: Path) -> None:
    done = attune("trigger", "infer", "--from", str(events), "--trigger", "web.other", "--json", cwd=tmp_path)
    report = json.loads(done.stdout)
    assert (report["trigger"], report["events"], report["lines_left_out"]) == ("web.other", 1, 2)
    assert report["schema"] == {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "events.ndjson"], "choose with --trigger: web.alert, web.other"),
        (["--from", "events.ndjson", "--trigger", "web.none"], "there is no event of web.none; there is: web.alert, web.other"),
        (["--from", "events.ndjson", "--trigger", "Web"], "is not a trigger's reference"),
        (["--from", "none.ndjson"], "none.ndjson"),
        (["--from", "-"], "there is no event"),
    ],
)
def test_bad_use_ends_with_two(events: Path, words: list[str], said: str) -> None:
    done = attune("trigger", "infer", *words, cwd=events.parent)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_all_triggers_that_rules_can_be_on_are_listed(tmp_path: Path) -> None:
    shutil.copytree(CASES / "base", tmp_path / "repository")
    listed = json.loads(attune("trigger", "list", "--json", cwd=tmp_path / "repository").stdout)
    about = {one["ref"]: one["about"] for one in listed}
    assert about["core.http_post.completed"] == "An execution of `core.http_post`, which comes with Attune, has ended."
    assert about["web.alert"].startswith("packs/web/triggers/alert.yaml:")
    assert {"web.restart.completed", "core.execution_finished"} <= about.keys()
    assert "core.dead_letter " in attune("trigger", "list", cwd=tmp_path / "repository").stdout
