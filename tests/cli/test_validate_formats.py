"""The formats of `attune validate`: a report that fits its schema, annotations that nothing can escape from, SARIF for code scanning."""

import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from attune_cli.checking import Checked
from attune_cli.pack_repository import SourceLines
from attune_cli.render.formats import Format, chosen_format
from attune_cli.render.github import annotation, summary_lines
from attune_cli.render.markdown import markdown_text
from attune_cli.render.report import report_of
from attune_cli.render.sarif import sarif_of
from attune_core.catalog.load import load
from attune_core.json_schema import SchemaValidator
from attune_core.problem_codes import PROBLEM_CODES
from attune_core.problems import Problem, Severity, Span
from attune_core.shipped import shipped
from attune_core.values import JsonObject, JsonValue
from tests.cli.commands import attune
from tests.cli.working_copy import RULE, WorkingCopy
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder
from tests.core.catalog.test_cases import CASES, NAMES, tree_of_case


@pytest.fixture
def copy(tmp_path: Path) -> WorkingCopy:
    return WorkingCopy(tmp_path / "repository")


def case(name: str) -> Checked:
    return checked(tree_of_case(CASES / name))


def checked(tree: MemoryTree) -> Checked:
    loaded = load(tree)
    return Checked(root=Path("/repository"), lines=SourceLines(tree), problems=loaded.problems, documents=loaded.documents)


def problem(**changes: str) -> Problem:
    span = Span(line=3, column=5, end_line=3, end_column=8)
    plain = {"path": "packs/a/pack.yaml", "message": "m"} | changes
    return Problem(code="ATT106", severity=Severity.ERROR, span=span, path=plain["path"], message=plain["message"], hint=plain.get("hint"))


def test_every_report_fits_the_published_schema() -> None:
    published = SchemaValidator(json.loads((shipped("schemas") / "report.json").read_text(encoding="utf-8")))
    for name in NAMES:
        report: JsonValue = report_of(case(name)).model_dump(mode="json")
        assert published.misfits(report) == ()
    assert not published.fits({"version": 2})


def test_the_formats_end_with_the_same_code(copy: WorkingCopy) -> None:
    for spoilt in (False, True):
        if spoilt:
            copy.spoil_rule()
        for chosen in ("text", "json", "github", "sarif"):
            assert attune("validate", "--format", chosen, cwd=copy.root).returncode == int(spoilt), chosen


def test_strict_ends_with_one_for_warnings_and_only_for_them(copy: WorkingCopy) -> None:
    assert attune("validate", "--strict", cwd=copy.root).returncode == 0
    (copy.root / "rule").mkdir()
    (copy.root / "rule/x.yaml").write_text("a: 1\n")
    assert attune("validate", cwd=copy.root).returncode == 0
    assert attune("validate", "--strict", cwd=copy.root).returncode == 1


def test_json_is_another_word_for_the_format(copy: WorkingCopy) -> None:
    assert attune("validate", "--json", cwd=copy.root).stdout == attune("validate", "--format", "json", cwd=copy.root).stdout
    assert attune("validate", "--json", "--format", "json", cwd=copy.root).returncode == 0
    both = attune("validate", "--json", "--format", "text", cwd=copy.root)
    assert both.returncode == 2
    assert "ATT705" in both.stderr


def test_a_job_of_github_actions_gets_annotations_a_text_and_a_summary(copy: WorkingCopy, tmp_path: Path) -> None:
    copy.spoil_rule()
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    job = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_WORKSPACE": str(tmp_path)}
    done = attune("validate", cwd=copy.root, env=job)
    assert done.returncode == 1
    stop, *text, annotated = done.stdout.splitlines()
    token = stop.removeprefix("::stop-commands::")
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert text[-1] == f"::{token}::"
    assert text[-2] == "10 documents: 1 error, 0 warnings"
    assert annotated == (
        f"::error file=repository/{RULE},line=6,col=24,endLine=6,endColumn=28,"
        "title=ATT203 unknown field::event.data has no field 'unti'%0Adid you mean 'unit'?"
    )
    written = summary.read_text()
    assert written.startswith("before\n### attune validate\n")
    assert "<b>" not in written
    assert "**error ATT203**" in written


def test_a_chosen_format_is_kept_inside_a_job(copy: WorkingCopy) -> None:
    assert attune("validate", "--format", "text", cwd=copy.root, env={"GITHUB_ACTIONS": "true"}).stdout == "10 documents: no problems\n"
    assert attune("validate", cwd=copy.root, env={"GITHUB_ACTIONS": "false"}).stdout == "10 documents: no problems\n"


def test_a_terminal_gets_text_even_inside_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for is_terminal, chosen in ((True, Format.TEXT), (False, Format.GITHUB)):
        monkeypatch.setattr("attune_cli.render.formats.on_terminal", lambda is_terminal=is_terminal: is_terminal)
        assert chosen_format() is chosen


def test_a_summary_that_cannot_be_written_ends_nothing(copy: WorkingCopy) -> None:
    done = attune("validate", cwd=copy.root, env={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(copy.root)})
    assert done.returncode == 0
    assert "summary could not be written" in done.stderr


def test_nothing_of_a_repository_becomes_a_command_of_the_runner() -> None:
    hostile = "a%0A::warning::\n::error file=x,line=1::y\r##[add-mask]z"
    written = annotation(problem(path="a,b:c%\n.yaml", message=hostile, hint=hostile))
    assert "\n" not in written
    assert "\r" not in written
    head, _, message = written.removeprefix("::error ").partition("::")
    assert head.startswith("file=a%2Cb%3Ac%25\\n.yaml,line=3,")
    assert message.startswith("a%250A::warning::\\n::error")
    assert message.count("%0A") == 1


def test_columns_are_left_out_where_they_are_of_several_lines() -> None:
    several = Problem(
        code="ATT106", severity=Severity.WARNING, path="a", message="m", span=Span(line=1, column=2, end_line=3, end_column=4)
    )
    assert annotation(several).startswith("::warning file=a,line=1,endLine=3,title=")
    whole = Problem(code="ATT142", severity=Severity.INFORMATION, path="a", message="m")
    assert annotation(whole).startswith("::notice file=a,title=ATT142 ")


def test_markdown_shows_a_text_as_it_is() -> None:
    shown = markdown_text("<img src=x> [a](b) `c` **d** | _e_ @f é 日")
    assert not set("<>[]()`*|@_") & set(shown)
    assert "é 日" in shown


def test_a_long_summary_is_cut() -> None:
    many = Checked(root=Path("/"), lines=SourceLines(MemoryTree({})), problems=(problem(),) * 1000, documents=1)
    lines = list(summary_lines(many))
    assert len(lines) < 210
    assert lines[-1] == "\nand 800 more in the log"


def part(value: JsonValue, *keys: str | int) -> JsonValue:
    for key in keys:
        if isinstance(key, int):
            assert isinstance(value, list)
            value = value[key]
        else:
            assert isinstance(value, dict)
            value = value[key]
    return value


def results(log: JsonObject) -> list[JsonValue]:
    found = part(log, "runs", 0, "results")
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_sarif_has_what_the_standard_asks_for(name: str) -> None:
    found = case(name)
    log = sarif_of(found)
    assert log["version"] == "2.1.0"
    assert part(log, "runs", 0, "columnKind") == "unicodeCodePoints"
    rules = part(log, "runs", 0, "tool", "driver", "rules")
    assert isinstance(rules, list)
    for rule in rules:
        assert part(rule, "id") in PROBLEM_CODES
        assert part(rule, "help", "text")
        assert part(rule, "shortDescription", "text")
    assert len(results(log)) == len(found.problems)
    for result, source in zip(results(log), found.problems, strict=True):
        index = part(result, "ruleIndex")
        assert isinstance(index, int)
        assert part(rules[index], "id") == part(result, "ruleId") == source.code
        assert part(result, "level") in {"error", "warning", "note"}
        assert part(result, "message", "text")
        uri = part(result, "locations", 0, "physicalLocation", "artifactLocation", "uri")
        assert isinstance(uri, str)
        assert uri.isascii()
        assert (urlsplit(uri).scheme, unquote(uri)) == ("", source.path)


def test_what_a_comment_suppresses_is_counted_and_no_finding(copy: WorkingCopy) -> None:
    (copy.root / "packs/web/triggers/spare.yaml").write_text("description: x\ndata: {type: object}\n")
    (copy.root / "packs/web/actions/page.sh").write_text("#!/bin/sh -e\ncat\n")
    assert "ATT183" in attune("validate", cwd=copy.root).stdout
    assert "ATT187" in attune("validate", "--base", "HEAD", cwd=copy.root).stdout
    (copy.root / "packs/web/triggers/spare.yaml").write_text(
        "# attune: ignore ATT183 -- for the next rule\ndescription: x\ndata: {type: object}\n"
    )
    copy.replace("packs/web/pack.yaml", "version: 1.4.0", "version: 1.4.0  # attune: ignore ATT187 -- not released yet")
    words = ["validate", "--base", "HEAD", "--strict"]
    assert attune(*words, cwd=copy.root).stdout == "11 documents: no problems; 2 suppressed\n"
    assert json.loads(attune(*words, "--json", cwd=copy.root).stdout)["suppressed"] == 2
    assert json.loads(attune(*words, "--format", "sarif", cwd=copy.root).stdout)["runs"][0]["results"] == []


def test_a_path_in_sarif_is_a_relative_reference() -> None:
    odd = Checked(root=Path("/"), lines=SourceLines(MemoryTree({})), problems=(problem(path="packs/a b/c:d#é?.yaml"),), documents=1)
    uri = part(results(sarif_of(odd))[0], "locations", 0, "physicalLocation", "artifactLocation", "uri")
    assert uri == "packs/a%20b/c%3Ad%23%C3%A9%3F.yaml"


def test_a_path_in_sarif_begins_where_the_job_checked_out(copy: WorkingCopy, tmp_path: Path) -> None:
    copy.spoil_rule()
    done = attune("validate", "--format", "sarif", cwd=copy.root, env={"GITHUB_WORKSPACE": str(tmp_path)})
    uri = part(json.loads(done.stdout)["runs"][0]["results"][0], "locations", 0, "physicalLocation", "artifactLocation", "uri")
    assert uri == f"{copy.root.name}/packs/web/rules/restart_on_alert.yaml"


def test_a_fingerprint_stays_when_lines_are_added_above() -> None:
    files = tree_of_folder(CASES / "base").files
    files[RULE] = files[RULE].replace(b"event.data.unit }}", b"event.data.unti }}")
    moved = files | {RULE: b"# a comment\n\n" + files[RULE]}
    other = files | {RULE: files[RULE].replace(b"unti", b"unt")}
    before, after, different = (
        [part(one, "partialFingerprints") for one in results(sarif_of(checked(MemoryTree(f))))] for f in (files, moved, other)
    )
    assert before == after != different


def test_two_mistakes_on_one_line_have_two_fingerprints() -> None:
    marks = [part(one, "partialFingerprints", "primaryLocationLineHash") for one in results(sarif_of(case("literal-does-not-fit")))]
    assert len(set(map(str, marks))) == len(marks) == 2


def test_a_message_holds_no_link_of_somebody_else() -> None:
    hostile = Checked(
        root=Path("/"), lines=SourceLines(MemoryTree({})), problems=(problem(message="[here](https://example.org)"),), documents=1
    )
    assert part(results(sarif_of(hostile))[0], "message", "text") == "[here] (https://example.org)"
