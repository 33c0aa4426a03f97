"""docs/howto/timers.md, done by the letter: its files are written, its commands run, and what it prints is printed."""

from pathlib import Path

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


def test_jitter_an_end_and_json(tmp_path: Path) -> None:
    attune("init", "my-packs", cwd=tmp_path)
    place = tmp_path / "my-packs/packs/hello/timers/some.yaml"
    place.parent.mkdir()
    place.write_text("description: Some\nevery: 1h\njitter: 59m\nend: 2026-01-01T02:00:00Z\n")

    def ask(*words: str) -> str:
        done = attune("timer", "next", *words, cwd=tmp_path / "my-packs")
        return done.stdout + done.stderr

    since = ("hello.some", "--from", "2026-01-01T00:00:00Z")
    first, *_, last = ask(*since).splitlines()
    assert first.split() == ["DUE", "TICKS", "AT"]
    assert last == "and then no more"
    assert ask("hello.some", "--from", "2026-01-01T02:00:00Z") == "hello.some is not due any more\n"
    assert '"due": "2026-01-01T01:00:00Z"' in ask(*since, "--json")
    assert "did you mean 'hello.some'?" in ask("hello.sone")
    assert "no moment with its zone" in ask("hello.some", "--from", "tomorrow")
