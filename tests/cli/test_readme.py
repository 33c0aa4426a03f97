"""The README's first rule, typed by a newcomer: every command of that section, in its order, against a real `attune up`."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.cli.commands import attune
from tests.waiting import wait_until

README = Path(__file__).resolve().parents[2] / "README.md"


def commands(section: str) -> list[str]:
    """Return the `attune` commands of a section of the README."""
    text = README.read_text(encoding="utf-8").partition(f"## {section}\n")[2].partition("\n## ")[0]
    return [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ attune ")]


@contextmanager
def up(place: Path) -> Iterator[Path]:
    """Run `attune up my-packs` and yield the file that it writes to."""
    said = place / "up.out"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "attune_cli.main", "up", "my-packs"],
            cwd=place,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE") if name in os.environ} | {"HOME": str(place)},
        )
    try:
        wait_until(lambda: "live: " in said.read_text() or process.poll() is not None, timeout=60, what="`attune up`")
        yield said
    finally:
        process.send_signal(signal.SIGHUP)  # as when its terminal is closed; Ctrl-C goes the same way
        assert process.wait(30) == 0, said.read_text()
        assert not programs_below(said.read_text().partition("logs in ")[2].partition("/logs")[0]), "nothing is left running"


def programs_below(root: str) -> list[str]:
    """Return the command lines that name a directory."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            found.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in found if root and root in line]


def run(line: str, place: Path) -> str:
    """Type one command of the README."""
    words = re.findall(r"'[^']*'|\S+", line.removesuffix(" &"))
    done = attune(*[word.strip("'") for word in words[1:]], cwd=place, env={"ATTUNE_PROFILE": "local"})
    assert done.returncode == 0, f"{line}: {done.stderr}"
    return done.stdout


@pytest.mark.flow
def test_a_newcomer_sees_a_first_rule_fire_and_a_mistake_change_nothing(tmp_path: Path) -> None:
    typed = commands("Your first rule")
    assert [line.split()[1] for line in typed] == ["init", "validate", "test", "up", "event", "execution", "execution", "execution"]
    for line in typed[:3]:
        run(line, tmp_path)
    with up(tmp_path) as said:
        run(typed[4], tmp_path)

        def ended() -> bool:
            return "succeeded" in run("attune execution list", tmp_path)

        wait_until(ended, timeout=60, what="the first execution's success")
        listed, shown, logged = (run(line, tmp_path) for line in typed[5:])
        assert "hello.greet" in listed
        assert '"greeting": "hello world"' in shown
        assert logged == "greeting world\n"
        assert run("attune execution logs 1 -f", tmp_path) == logged
        by_hand = run("attune action run hello.greet -i name=somebody --agent name=local --json", tmp_path)
        assert [item["result"] for item in json.loads(by_hand)] == [{"greeting": "hello somebody"}]
        assert "hello.greet_by_hand" in run("attune rule list", tmp_path)
        assert json.loads(run("attune agent list --json", tmp_path))[0]["state"] == "connected"

        rule = tmp_path / "my-packs/packs/hello/rules/greet_by_hand.yaml"
        rule.write_text(rule.read_text().replace("event.data.name }}", "event.data.nam }}"))
        wait_until(lambda: "refused at check" in said.read_text(), timeout=30, what="the refusal of a mistake")
        assert "did you mean 'name'" in said.read_text()
        status = json.loads(run("attune controller status --json", tmp_path))
        assert status["sync"]["step"] == "check"
        assert status["sync"]["active_revision"]
    assert "stopping" in said.read_text()
