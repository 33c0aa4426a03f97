"""On a terminal prose is broken between words, colours can be switched off, and an output that cannot be written is no defect."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.commands import attune
from tests.cli.terminal import attune_on_terminal


def test_prose_is_broken_between_words(tmp_path: Path) -> None:
    shown = attune_on_terminal("explain", "ATT203", cwd=tmp_path, columns=40)
    assert "What to do: Correct the name, or declare\nthe field in the schema\n" in shown
    assert all(len(line) <= 40 for line in shown.splitlines())
    assert "What to do: Correct the name, or declare the field" in attune("explain", "ATT203", cwd=tmp_path).stdout


def test_a_value_of_many_words_goes_on_below_its_beginning(tmp_path: Path) -> None:
    shown = attune_on_terminal("schema", "explain", "action", cwd=tmp_path, columns=60)
    assert (
        "\ntimeout                 How long one attempt may run; then\n                        its whole process tree is ended.\n" in shown
    )


def test_so_does_an_error(tmp_path: Path) -> None:
    shown = attune_on_terminal("schema", "nothing", cwd=tmp_path, columns=50)
    assert "  what to do: there is: action, pack, report,\n    repository, rule," in shown


def test_source_fits_so_that_carets_stand_under_what_they_mean(tmp_path: Path) -> None:
    (tmp_path / "attune.yaml").write_text(f"format: 1\ndescription: {'a text that is too long ' * 9}\nfromat: 1\n")
    shown = attune_on_terminal("validate", cwd=tmp_path, columns=50, env={"NO_COLOR": "1"})
    long = next(line for line in shown.splitlines() if line.startswith("2 | "))
    assert (len(long) <= 50, long.endswith("…")) == (True, True)
    assert "\n3 | fromat: 1\n  | ^^^^^^\n" in shown


def test_a_case_of_a_rule_test_goes_on_below_its_name(tmp_path: Path) -> None:
    attune("init", "new", cwd=tmp_path)
    shown = attune_on_terminal("test", "new", cwd=tmp_path, columns=60)
    assert "\x1b[32mok\x1b[0m      packs/hello/tests/greetings.yaml: whoever is named\n        is greeted\n" in shown


def test_no_color_switches_colours_off(tmp_path: Path) -> None:
    (tmp_path / "attune.yaml").write_text("format: 2\n")
    assert "\x1b[" in attune_on_terminal("validate", cwd=tmp_path)
    assert "\x1b[" not in attune_on_terminal("validate", cwd=tmp_path, env={"NO_COLOR": "1"})


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "attune_cli", "explain"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, "ATT720" in done.stderr, len(done.stderr.splitlines())) == (3, True, 3)


def test_closed_outputs_are_no_defect(tmp_path: Path) -> None:
    command = 'exec "$0" -m attune_cli "$@" >&- 2>&-'
    assert subprocess.run(["sh", "-c", command, sys.executable, "explain"], check=False, cwd=tmp_path).returncode == 0
    assert subprocess.run(["sh", "-c", command, sys.executable, "explain", "nothing"], check=False, cwd=tmp_path).returncode == 2


def test_what_the_terminal_cannot_show_is_an_escape(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "attune_cli", "explain", "ATT2\u03b103"]
    legacy = os.environ | {"PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, env=legacy, check=False)
    assert done.returncode == 2
    assert b"ATT2\\u03b103" in done.stderr
