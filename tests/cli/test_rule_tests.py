"""`attune test` as people and CI meet it: a line a case, differences with their lines, coverage, JUnit, updates, exit codes."""

import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from attune_cli.local import rule_tests
from attune_cli.local.rule_tests import judge_all
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import load
from attune_core.rule_tests.selecting import select
from attune_core.shipped import shipped
from tests.cli.commands import attune

CASES = """description: Who is greeted
cases:
  - name: somebody
    events: [{trigger: hello.greeting, data: {name: world}}]
    expect:
      - rule: hello.greet_by_hand
        input: {name: moon}
"""
PATH = "packs/hello/tests/greetings.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    shutil.copytree(shipped("packs-template"), tmp_path / "repository")
    return tmp_path / "repository"


def write(repository: Path, text: str) -> None:
    (repository / PATH).write_text(text, encoding="utf-8")


def test_a_new_repository_has_tests_that_pass_and_fire_every_rule(tmp_path: Path) -> None:
    assert attune("init", "new", cwd=tmp_path).returncode == 0
    done = attune("test", "--coverage-min", "100", cwd=tmp_path / "new")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == f"ok      {PATH}: whoever is named is greeted"
    assert done.stdout.splitlines()[-1] == "4 cases in 1 document: 4 passed, 0 failed; 2 of 2 rules fired (100 %)"


def test_the_example_has_tests_that_pass_and_fire_every_rule() -> None:
    done = attune("test", "--coverage-min", "100", cwd=shipped("examples") / "deploy")
    assert done.returncode == 0, done.stdout
    assert "3 of 3 rules fired (100 %)" in done.stdout


def test_a_difference_ends_with_one_and_shows_field_line_and_both_values(repository: Path) -> None:
    write(repository, CASES)
    done = attune("test", cwd=repository)
    assert done.returncode == 1
    assert done.stdout == (
        f"FAILED  {PATH}: somebody\n"
        f"  {PATH}:6:15: `hello.greet_by_hand` fires for event 1, but not as expected\n"
        "    input.name (line 7)\n"
        '      expected  "moon"\n'
        '      actual    "world"\n'
        "\n"
        "never fired in any test: hello.greet_on_push\n"
        "\n"
        "1 case in 1 document: 0 passed, 1 failed; 1 of 2 rules fired (50 %)\n"
    )


def test_a_rule_that_does_not_fire_shows_the_clause_with_its_values(repository: Path) -> None:
    write(repository, CASES.replace("name: world", 'name: ""'))
    done = attune("test", cwd=repository)
    assert done.returncode == 1
    assert '    event 1: event.data.name != ""  does not hold\n      event.data.name = ""\n' in done.stdout


def test_a_repository_without_tests_says_where_they_belong(repository: Path) -> None:
    for place in repository.rglob("tests"):
        shutil.rmtree(place)
    assert attune("test", cwd=repository).stdout.startswith("no tests: they stand in packs/<pack>/tests/")


def test_too_few_rules_that_fire_end_with_one(repository: Path) -> None:
    write(repository, CASES.replace("moon", "world"))
    assert attune("test", "--coverage-min", "50", cwd=repository).returncode == 0
    done = attune("test", "--coverage-min", "51", cwd=repository)
    assert done.returncode == 1
    assert "never fired in any test: hello.greet_on_push" in done.stdout


def test_the_report_and_the_xml_have_the_same_content(repository: Path) -> None:
    write(repository, CASES.replace("somebody", '"<a> & \\"b\\""').replace("moon", '"m]]>\\noon"'))
    done = attune("test", "--json", "--junit", "out.xml", cwd=repository)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["passed"], report["failed"]) == (0, 1)
    assert report["rules"] == {"total": 2, "never_fired": ["hello.greet_on_push"], "fired_percent": 50}
    (case,) = report["cases"]
    assert (case["name"], case["line"], case["fired"]) == ('<a> & "b"', 3, ["hello.greet_by_hand"])
    assert case["failures"][0]["differences"] == [{"place": ["input", "name"], "line": 7, "expected": "m]]>\noon", "actual": "world"}]
    suite = ET.parse(repository / "out.xml").getroot()[0]  # noqa: S314 - our own
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == (PATH, "1", "1")
    assert (suite[0].get("name"), suite[0].get("line")) == ('<a> & "b"', "3")
    assert 'expected  "m]]>\\noon"' in (suite[0][0].text or "")


def test_what_differs_is_written_into_the_document_and_then_passes(repository: Path) -> None:
    write(repository, CASES + "# the end\n")
    done = attune("test", "--update", cwd=repository)
    assert done.returncode == 0, done.stdout
    assert done.stderr == f"updated {PATH}\n"
    assert (repository / PATH).read_text() == CASES.replace("moon", "world") + "# the end\n"
    again = attune("test", "--update", cwd=repository)
    assert (again.returncode, again.stderr) == (0, "")


def test_a_repository_with_an_error_is_not_tested_and_not_updated(repository: Path) -> None:
    write(repository, CASES.replace("hello.greeting,", "hello.greting,"))
    done = attune("test", "--update", cwd=repository)
    assert done.returncode == 1
    assert "error ATT150" in done.stdout
    assert "did you mean 'hello.greeting'" in done.stdout
    assert json.loads(attune("test", "--json", cwd=repository).stdout)["errors"] == 1


def test_rules_and_packs_are_chosen_by_name(repository: Path) -> None:
    by_rule = attune("test", "--rule", "hello.greet_on_push", cwd=repository)
    assert "2 cases in 1 document: 2 passed, 0 failed; 1 of 1 rule fired (100 %)" in by_rule.stdout
    by_pack = attune("test", "--pack", "github", cwd=repository)
    assert by_pack.stdout == "0 cases in 0 documents: 0 passed, 0 failed; 0 of 0 rules fired (100 %)\n"
    unknown = attune("test", "--rule", "hello.greet_on_psh", cwd=repository)
    assert unknown.returncode == 2
    assert "did you mean 'hello.greet_on_push'" in unknown.stderr


@pytest.mark.parametrize(("words", "code", "said"), [(["/no/such"], 2, "there is no"), (["--junit", "/no/such/x.xml"], 3, "ATT720")])
def test_bad_use_and_failures_have_codes_of_their_own(repository: Path, words: list[str], code: int, said: str) -> None:
    done = attune("test", *words, cwd=repository)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_several_processes_give_the_same_verdicts_in_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load(FolderTree(shipped("packs-template")))
    assert loaded.catalog is not None
    selected = select(loaded.tests, rule=None, pack=None) * 60
    told: list[int] = []
    alone = judge_all(loaded.catalog, selected, advance=told.append)
    assert sum(told) == len(selected) == 240
    monkeypatch.setattr(rule_tests, "WORTH_PROCESSES", 1)
    monkeypatch.setattr(rule_tests, "processors", lambda: 2)
    assert judge_all(loaded.catalog, selected, advance=told.append) == alone


def test_what_a_repository_holds_does_not_reach_the_terminal_raw(repository: Path) -> None:
    write(repository, CASES.replace("name: world", 'name: "a\\u00adb"'))
    done = attune("test", cwd=repository)
    assert "error ATT102" in done.stdout
    rule = repository / "packs/hello/rules/greet_by_hand.yaml"
    rule.write_text(rule.read_text().replace('!= ""', '!= "" && event.data.name != "\\\\u0007"'), encoding="utf-8")
    write(repository, CASES.replace("name: moon", 'name: "x\\ty"'))
    done = attune("test", "--junit", "out.xml", cwd=repository)
    assert done.returncode == 1
    for text in (done.stdout, (repository / "out.xml").read_text()):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u00ad]", text)
