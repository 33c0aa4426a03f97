"""`attune validate` and `attune init` as a person and as a script meet them: text, JSON, colours, exit codes."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from attune_cli.checking import Asked
from attune_cli.commands.init import init_command
from attune_cli.commands.validate import validate_command
from attune_cli.errors import DirectoryInUse
from attune_cli.render.carets import LineOf
from attune_cli.render.formats import Format
from attune_cli.render.problems import render_problems
from attune_core.catalog.errors import RepositoryMissing, RevisionMissing
from attune_core.problems import Problem, Severity, Span
from tests.core.catalog.git_repository import ENVIRONMENT
from tests.core.catalog.test_cases import CASES

ATTUNE = Path(sys.executable).with_name("attune")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    shutil.copytree(CASES / "base", tmp_path / "repository")
    return tmp_path / "repository"


def spoil(repository: Path) -> None:
    rule = repository / "packs/web/rules/restart_on_alert.yaml"
    rule.write_text(rule.read_text().replace("event.data.unit }}", "event.data.unti }}"))


def attune(*words: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([ATTUNE, *words], cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


def test_a_clean_repository_ends_with_zero(repository: Path) -> None:
    done = attune("validate", cwd=repository)
    assert (done.returncode, done.stdout, done.stderr) == (0, "10 documents: no problems\n", "")


def test_a_mistake_ends_with_one_and_shows_line_caret_and_help(repository: Path) -> None:
    spoil(repository)
    done = attune("validate", str(repository), cwd=Path("/"))
    assert done.returncode == 1
    assert done.stdout == (
        "packs/web/rules/restart_on_alert.yaml:6:24: error ATT203: event.data has no field 'unti'\n"
        "4 | action: web.restart\n"
        "5 | input:\n"
        "6 |   unit: ${{ event.data.unti }}\n"
        "  |                        ^^^^\n"
        "7 |   token: ${{ secrets.web_token }}\n"
        '8 | agents: {match: {role: web, host: "${{ event.data.host }}"}, pick: any}\n'
        "  = help: did you mean 'unit'?\n"
        "\n"
        "10 documents: 1 error, 0 warnings\n"
    )
    assert "\x1b" not in done.stdout


def test_warnings_alone_end_with_zero(repository: Path) -> None:
    (repository / "rule").mkdir()
    (repository / "rule" / "x.yaml").write_text("a: 1\n")
    done = attune("validate", cwd=repository)
    assert done.returncode == 0
    assert "warning ATT144" in done.stdout


def test_the_report_has_the_same_content(repository: Path) -> None:
    spoil(repository)
    done = attune("validate", "--json", cwd=repository)
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "version": 1,
        "revision": None,
        "base": None,
        "documents": 10,
        "errors": 1,
        "warnings": 0,
        "information": 0,
        "suppressed": 0,
        "left_out": {"errors": 0, "warnings": 0, "information": 0},
        "problems": [
            {
                "code": "ATT203",
                "severity": "error",
                "message": "event.data has no field 'unti'",
                "path": "packs/web/rules/restart_on_alert.yaml",
                "span": {"line": 6, "column": 24, "end_line": 6, "end_column": 28},
                "hint": "did you mean 'unit'?",
            }
        ],
    }


@pytest.mark.parametrize("words", [["/no/such/place"], ["/"], ["--no-such-option"], [".", "--revision", "nowhere"]])
def test_bad_use_ends_with_two_and_without_a_traceback(repository: Path, words: list[str]) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=repository, env=ENVIRONMENT, check=True)
    done = attune("validate", *words, cwd=repository)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_failure_of_the_storage_ends_with_three(repository: Path) -> None:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=repository, env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "x")
    name = git("rev-parse", "HEAD:attune.yaml")
    (repository / ".git/objects" / name[:2] / name[2:]).unlink()
    done = attune("validate", "--revision", "HEAD", cwd=repository)
    assert done.returncode == 3
    assert "ATT192" in done.stderr


def test_a_place_inside_a_repository_finds_its_root(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place in (repository / "packs/web", repository / "packs/web/pack.yaml", repository):
        assert validate_command(Asked(path=place), Format.TEXT) == 0
    assert capsys.readouterr().out == "10 documents: no problems\n" * 3


def test_a_revision_is_checked_instead_of_the_files(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "x"]):
        subprocess.run(["git", *words], cwd=repository, env=ENVIRONMENT, check=True)
    spoil(repository)
    assert validate_command(Asked(path=repository, revision="HEAD"), Format.JSON) == 0
    assert json.loads(capsys.readouterr().out)["revision"] == "HEAD"
    assert validate_command(Asked(path=repository), Format.TEXT) == 1
    with pytest.raises(RevisionMissing):
        validate_command(Asked(path=repository, revision="v9"), Format.TEXT)


def test_what_is_no_repository_is_bad_use(tmp_path: Path) -> None:
    with pytest.raises(RepositoryMissing):
        validate_command(Asked(path=tmp_path), Format.TEXT)
    with pytest.raises(RepositoryMissing):
        validate_command(Asked(path=tmp_path, revision="HEAD"), Format.TEXT)


def test_a_terminal_gets_colours(repository: Path) -> None:
    spoil(repository)
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    done = subprocess.run([ATTUNE, "validate"], cwd=repository, stdout=slave, env=environment, check=False, timeout=60)
    os.close(slave)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert done.returncode == 1
    assert "\x1b[1;31merror ATT203\x1b[0m" in shown
    plain = attune("validate", cwd=repository).stdout
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r\n", "\n") == plain


def span(line: int, column: int, end: int) -> Span:
    return Span(line=line, column=column, end_line=line, end_column=end)


def problem(message: str = "m", at: Span | None = None) -> Problem:
    return Problem(code="ATT106", severity=Severity.ERROR, message=message, path="x\x1b]0;evil.yaml", span=at, hint="h\x1b[31m\u202e")


def only(source: str, number: int = 1) -> LineOf:
    """A document that has one line to show."""
    return lambda _path, line: source if line == number else None


def document(*lines: str) -> LineOf:
    return lambda _path, line: lines[line - 1] if 0 < line <= len(lines) else None


def shown(at: Span, source: LineOf) -> list[str]:
    """What stands between the place and the help."""
    return render_problems([problem(at=at)], source, colours=False).split("\n")[1:-3]


def test_two_lines_of_context_stand_around_a_mistake_and_numbers_are_aligned() -> None:
    lines = [f"line {number}" for number in range(1, 20)]
    assert shown(span(9, 1, 5), document(*lines)) == [
        " 7 | line 7", " 8 | line 8", " 9 | line 9", "   | ^^^^", "10 | line 10", "11 | line 11",
    ]  # fmt: skip


def test_blank_lines_at_the_edge_are_no_context() -> None:
    assert shown(span(3, 1, 2), document("a", "", "b", "", "c", "d")) == ["1 | a", "2 |", "3 | b", "  | ^", "4 |", "5 | c"]
    assert shown(span(2, 1, 2), document("", "b", "", "")) == ["2 | b", "  | ^"]


def test_a_mistake_over_several_lines_is_marked_on_each() -> None:
    source = document("when: >-", "  a ==", "  b +", "", "  c", "action: x")
    assert shown(Span(line=2, column=3, end_line=5, end_column=4), source) == [
        "1 | when: >-", "2 |   a ==", "  |   ^^^^", "3 |   b +", "  |   ^^^", "4 |", "5 |   c", "  |   ^", "6 | action: x",
    ]  # fmt: skip


def test_of_a_mistake_over_many_lines_beginning_and_end_are_shown() -> None:
    source = document(*[f"- {number}" for number in range(1, 30)])
    assert shown(Span(line=1, column=1, end_line=20, end_column=5), source) == [
        " 1 | - 1", "   | ^^^", " 2 | - 2", "   | ^^^", " 3 | - 3", "   | ^^^", "   …", "20 | - 20", "   | ^^^^", "21 | - 21", "22 | - 22",
    ]  # fmt: skip


def test_a_mistake_that_reaches_behind_the_end_of_a_document_is_shown() -> None:
    assert shown(Span(line=2, column=1, end_line=9, end_column=1), document("a", "b")) == ["1 | a", "2 | b", "  | ^"]


def test_nothing_of_a_repository_reaches_the_terminal_as_a_control() -> None:
    source = "a: \x1b[2J\u202e\tb"
    text = render_problems([problem("m\r\x1b[31m", span(1, 4, 12))], only(source), colours=False)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


def test_carets_stand_under_what_is_shown() -> None:
    text = render_problems([problem(at=span(3, 5, 8))], only("k:\x1b bad more", number=3), colours=False)
    _, line, carets, _ = text.split("\n")[:4]
    start, stop = carets.index("^"), carets.rindex("^") + 1
    assert line[start:stop] == "bad"


def test_a_very_long_line_is_cut_around_the_mistake() -> None:
    source = "x" * 100_000 + "BAD" + "y" * 100_000
    text = render_problems([problem(at=span(1, 100_001, 100_004))], only(source), colours=False)
    _, line, carets, _ = text.split("\n")[:4]
    assert len(line) < 200
    assert line[carets.index("^") : carets.rindex("^") + 1] == "BAD"
    everything = render_problems([problem(at=span(1, 1, 200_004))], only(source), colours=False)
    assert max(len(line) for line in everything.split("\n")) < 200


def test_init_writes_a_repository_that_validates(tmp_path: Path) -> None:
    done = attune("init", "new", cwd=tmp_path)
    assert done.returncode == 0
    assert "next: attune validate new" in done.stdout
    assert (tmp_path / "new/.github/workflows/validate.yml").is_file()
    assert attune("validate", "new", cwd=tmp_path).stdout == "10 documents: no problems\n"
    again = attune("init", "new", cwd=tmp_path)
    assert again.returncode == 2
    assert "not empty" in again.stderr


def test_init_takes_a_folder_with_nothing_but_git(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert init_command(tmp_path) == 0
    (tmp_path / "file").touch()
    with pytest.raises(DirectoryInUse):
        init_command(tmp_path / "file")
