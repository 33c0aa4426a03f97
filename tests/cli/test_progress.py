"""Whoever waits at a terminal sees for what and how long; nothing of it stays, and a pipe gets what it always got."""

import json
import re
import sys
from pathlib import Path

import pytest

from attune_core.shipped import shipped
from tests.cli.commands import attune
from tests.cli.terminal import drawn

TEMPLATE = str(shipped("packs-template"))


def without_times(text: str) -> str:
    return re.sub(r"\d+\.\d s", "0.0 s", text).strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "packs/web").mkdir(parents=True)
    (tmp_path / "attune.yaml").write_text('format: 1\nattune: ">=0.1"\n')
    environments = {"one": {"ecosystem": "shell"}, "two": {"ecosystem": "shell"}}
    document = {"name": "web", "version": "1.0.0", "description": "for tests", "environments": environments}
    (tmp_path / "packs/web/pack.yaml").write_text(json.dumps(document))
    return tmp_path


@pytest.mark.flow
def test_environments_that_are_checked(repository: Path) -> None:
    words = ("validate", "--environments")
    shown, piped = drawn(*words, cwd=repository), attune(*words, cwd=repository)
    assert shown.says("web one", "0/2", "web two", "1/2", "0:00:0")
    assert (shown.code, shown.stdout, without_times(shown.left)) == (0, piped.stdout, without_times(piped.stderr))


@pytest.mark.flow
def test_an_action_that_runs_here(tmp_path: Path) -> None:
    words = ("action", "run", "hello.greet", "--local", "--repository", TEMPLATE)
    shown, piped = drawn(*words, cwd=tmp_path, env={"NO_COLOR": "1"}), attune(*words, cwd=tmp_path)
    assert shown.says("hello.greet: is being made ready", "hello.greet: started", "0:00:0")
    assert (shown.code, shown.stdout, shown.left.strip()) == (0, piped.stdout, piped.stderr.strip())
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", shown.stderr), "no colours"


@pytest.mark.flow
def test_a_system_that_starts(tmp_path: Path) -> None:
    assert attune("init", "packs", cwd=tmp_path).returncode == 0
    shown = drawn("up", "packs", cwd=tmp_path, interrupt_at="live:")
    assert shown.says("the controller starts", "0/3", "the agent joins and starts", "1/3", "the agent connects", "2/3", "revision ")
    assert (shown.code, shown.left) == (0, "")
    assert [line.split()[0] for line in shown.stdout.splitlines()] == ["controller", "other", "its", "live:", "stopping"]


def test_what_is_waited_for_is_only_text(tmp_path: Path) -> None:
    program = """
from attune_cli.render.progress import waiting
with waiting("\\x1b]0;title\\x07 [bold]x[/nope] of a long name", of=10) as go_on:
    go_on("\\x9b31m [link=file:///]y")
"""
    shown = drawn(cwd=tmp_path, argv=(sys.executable, "-c", program))
    assert shown.says("[bold]x[/nope]", "[link=file:///]y", "0/10", "1/10", "0:00:00")
    assert "\x1b]" not in shown.stderr
    assert "\x9b" not in shown.stderr
    assert (shown.code, shown.left) == (0, "")
    narrow = drawn(cwd=tmp_path, argv=(sys.executable, "-c", program), columns=40)
    assert narrow.says("0/10", "1/10", "0:00:00")
    assert narrow.left == ""
    dumb = drawn(cwd=tmp_path, argv=(sys.executable, "-c", program), env={"TERM": "dumb"})
    assert (dumb.code, dumb.stderr) == (0, "")
