"""docs/howto/timers.md, done by the letter: its files are written, its commands run, and what it prints is printed."""

from pathlib import Path
from shutil import copytree

import pytest

from attune_cli.errors import BadArgument
from attune_cli.local.timer_times import show_times
from attune_core.shipped import shipped
from tests.cli.commands import attune
from tests.pages import follow


def test_the_page_says_what_happens(tmp_path: Path) -> None:
    attune("init", "my-packs", cwd=tmp_path)
    (tmp_path / "my-packs/packs/hello/timers").mkdir()
    commands = 0
    for done, printed in follow("timers.md", tmp_path / "my-packs"):
        assert done.stdout + done.stderr == printed, done.args
        commands += 1
    assert commands == 3


def test_jitter_an_end_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copytree(shipped("packs-template"), tmp_path, dirs_exist_ok=True)
    (tmp_path / "packs/hello/timers").mkdir()
    (tmp_path / "packs/hello/timers/some.yaml").write_text("description: Some\nevery: 1h\njitter: 59m\nend: 2026-01-01T02:00:00Z\n")

    def ask(timer: str, since: str, *, json: bool = False) -> str:
        assert show_times(tmp_path, timer, 5, since, json=json) == 0
        return capsys.readouterr().out

    first, *_, last = ask("hello.some", "2026-01-01T00:00:00Z").splitlines()
    assert first.split() == ["DUE", "TICKS", "AT"]
    assert last == "and then no more"
    assert ask("hello.some", "2026-01-01T02:00:00Z") == "hello.some is not due any more\n"
    assert '"due": "2026-01-01T01:00:00Z"' in ask("hello.some", "2026-01-01T00:00:00Z", json=True)
    with pytest.raises(BadArgument) as misspelt:
        ask("hello.sone", "2026-01-01T00:00:00Z")
    assert "did you mean 'hello.some'?" in misspelt.value.hint
    with pytest.raises(BadArgument, match="no moment with its zone"):
        ask("hello.some", "tomorrow")
