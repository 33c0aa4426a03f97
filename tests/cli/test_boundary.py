"""The boundary of the command line: exit codes, one line of cause and remedy, and never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from attune_cli.main import COMMANDS
from tests.cli.commands import attune, attune_started


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, tmp_path: Path) -> None:
    done = attune_started(command, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Usage: attune" in done.stdout


def test_help_names_every_command_and_imports_none(tmp_path: Path) -> None:
    done = attune("--help", cwd=tmp_path)
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, attune_cli.main; print('pydantic' in sys.modules, 'rich' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout == "False False\n"


def test_a_mistyped_command_is_suggested(tmp_path: Path) -> None:
    done = attune("vlaidate", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean 'validate'" in done.stderr


def test_without_a_profile_the_remedy_is_login(tmp_path: Path) -> None:
    done = attune("execution", "list", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "attune login" in done.stderr
    assert "ATT700" in done.stderr
    assert "Traceback" not in done.stderr


def profile(home: Path, url: str, *, mode: int = 0o600) -> None:
    place = home / ".config" / "attune" / "profiles"
    place.mkdir(parents=True)
    (place / "default.json").write_text(f'{{"url": "{url}", "authority": "", "token": "t"}}')
    (place / "default.json").chmod(mode)


def test_a_controller_that_is_away_is_said_in_one_line(tmp_path: Path) -> None:
    profile(tmp_path, "http://127.0.0.1:9")
    done = attune("execution", "list", cwd=tmp_path)
    assert done.returncode == 3
    assert "ATT702" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 3


def test_a_profile_that_others_may_read_is_refused(tmp_path: Path) -> None:
    profile(tmp_path, "http://127.0.0.1:9", mode=0o644)
    assert "ATT701" in attune("execution", "list", cwd=tmp_path).stderr


@pytest.mark.parametrize("text", ["{", '{"url": 5}', "[]", ""])
def test_a_broken_profile_is_no_defect(tmp_path: Path, text: str) -> None:
    profile(tmp_path, "http://127.0.0.1:9")
    (tmp_path / ".config/attune/profiles/default.json").write_text(text)
    assert "ATT701" in attune("execution", "list", cwd=tmp_path).stderr


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "attune_cli", "--help"], stdout=writer, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False
    )
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode in (1, 141)


def test_ctrl_c_ends_with_130_and_without_a_word_of_python(tmp_path: Path) -> None:
    profile(tmp_path, "http://127.0.0.1:9")
    code = (
        "import attune_cli.main as m, os, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "  # whatever the tests' own is
        "m.typer.main.get_command = lambda app: os.kill(os.getpid(), signal.SIGINT); m.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_a_defect_of_ours_is_owned_up_to_in_three_lines(tmp_path: Path) -> None:
    code = "import attune_cli.main as m; m.typer.main.get_command = lambda app: 1 / 0; m.main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ | {"ATTUNE_TRACEBACK": ""}
    )
    assert done.returncode == 3
    assert "ATT900" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("agent", "invite", "web1", "--label", "role"),
        ("agent", "invite", "web1", "--valid", "soon"),
        ("action", "run", "web.restart", "-i", "unit"),
        ("event", "send", "web.alert", "--data", "{'a': 1}"),
        ("event", "send", "web.alert", "--data", "@missing.json"),
        ("controller", "run", "--set", "repository.url"),
        ("login", "http://attune.example.org"),
        ("login",),
        ("up", "nowhere"),
        ("validate", "nowhere"),
    ],
)
def test_bad_use_ends_with_2_and_a_remedy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    profile(tmp_path, "http://127.0.0.1:9")
    done = attune(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "what to do:" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_command_takes_a_credential_as_an_argument() -> None:
    from importlib import import_module

    for module, _ in COMMANDS.values():
        text = Path(str(import_module(module).__file__)).read_text()
        assert '"--token"' not in text
        assert '"--password"' not in text
