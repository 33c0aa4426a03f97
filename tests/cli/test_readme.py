"""The README's first rule, typed by a newcomer into two real terminals, in a fresh home: exactly its commands, in its order."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.cli.commands import attune
from tests.pages import file_in
from tests.tmux import Pane, terminal
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
#: What needs more than this machine has, or is done already where tests run.
DONE = "make install && "


def blocks(section: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the content of each block of a section of the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"## {section}\n")[2].partition("\n## ")[0]
    yield from re.findall(r"^```(console|yaml)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[str]:
    return [line.removeprefix("$ ").removeprefix(DONE) for line in block.splitlines()]


class Newcomer:
    """A person with a home of their own and two terminals."""

    def __init__(self, home: Path, first: Pane, second: Pane) -> None:
        self.home, self.first, self.second = home, first, second
        self.repository = home / "my-packs"

    def types(self, line: str, pane: Pane) -> str:
        """Type a command and wait for its end; return what it showed, its exit code last."""
        wait_until(lambda: pane.screen().rstrip().endswith("]:"), what="a prompt")
        before = prompts(pane)
        pane.type(line)
        pane.press("Enter")
        wait_until(lambda: prompts(pane) > before, timeout=60, what=f"the end of {line}:\n{pane.screen()}")
        return pane.screen(history=True).rpartition(line)[2]

    def sees_live(self, times: int) -> None:
        """Look at the first terminal until a revision has become live that many times."""

        def seen() -> bool:
            return self.first.screen(history=True).count("live: ") >= times

        wait_until(seen, timeout=60, what=f"`live:` in the first terminal:\n{self.first.screen()}")

    def json(self, *words: str) -> str:
        done = attune(*words, "--json", cwd=self.repository, home=self.home, env={"ATTUNE_PROFILE": "local"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def waits_for_end(self, number: int) -> None:
        """Wait, as a person does without noticing, until an execution has settled."""

        def settled() -> bool:
            return any(one["number"] == number and one["state"] == "settled" for one in json.loads(self.json("execution", "list")))

        wait_until(settled, timeout=60, what=f"the end of execution {number}")


def prompts(pane: Pane) -> int:
    return len(re.findall(r"^\[\d+\]:", pane.screen(history=True), re.MULTILINE))


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    kept = {name: os.environ[name] for name in ("SSL_CERT_FILE",) if name in os.environ}
    env = kept | {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "PS1": "[$?]: ", "VIRTUAL_ENV_DISABLE_PROMPT": "1"}
    shell = ["bash", "--norc", "-i"]
    wide = partial(terminal, shell, cwd=ROOT, env=env, columns=160, lines=50)
    with wide() as first, wide() as second:
        yield Newcomer(tmp_path, first, second)


@pytest.mark.flow
def test_a_newcomer_sees_a_rule_of_their_own_fire(newcomer: Newcomer) -> None:
    (_, begin), (_, greet), (_, new), trigger, rule, (_, own), (_, watch) = blocks("Your first rule")
    first, second = newcomer.first, newcomer.second
    *made, up = commands(begin)
    assert up == "attune up"
    for line in made:
        assert newcomer.types(line, first).rstrip().endswith("[0]:"), first.screen()
    first.type(up)
    first.press("Enter")
    newcomer.sees_live(1)

    to_place, to_profile, send, *look = commands(greet)
    for line in (to_place, to_profile, send):
        assert newcomer.types(line, second).rstrip().endswith("[0]:"), second.screen()
    newcomer.waits_for_end(1)
    listed, shown, logged = (newcomer.types(line, second) for line in look)
    assert re.search(r"hello\.greet +local +succeeded", listed), listed
    assert '"greeting": "hello world"' in shown
    assert "\ngreeting world\n" in logged

    for line in commands(new):
        assert newcomer.types(line, second).rstrip().endswith("[0]:"), second.screen()
    for _, block in (trigger, rule):
        path, text = file_in(block)
        place = newcomer.repository / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    newcomer.sees_live(2)
    wait_until(lambda: "team.welcome_admins" in newcomer.json("rule", "list"), timeout=30, what="the rule to be live")

    checked, sent, *_ = commands(own)
    assert "no problems" in newcomer.types(checked, second)
    assert "accepted" in newcomer.types(sent, second)
    newcomer.waits_for_end(2)
    logs, why_not = commands(own)[2:]
    assert "greeting ada" in newcomer.types(logs, second)
    tried = newcomer.types(why_not, second)
    assert "event.data.role" in tried
    assert '"guest"' in tried
    assert tried.rstrip().endswith("[1]:")

    (dashboard,) = commands(watch)
    shown_before = prompts(second)
    second.type(dashboard)
    second.press("Enter")
    wait_until(lambda: "local" in second.screen() and "events" in second.screen(), timeout=30, what=f"the dashboard:\n{second.screen()}")
    second.press("q")
    wait_until(lambda: prompts(second) > shown_before, timeout=30, what="the end of the dashboard")

    place = newcomer.repository / file_in(rule[1])[0]
    place.write_text(place.read_text().replace("event.data.role", "event.data.rol"), encoding="utf-8")
    first.shows("did you mean 'role'", timeout=30)
    status = json.loads(newcomer.json("controller", "status"))
    assert (status["sync"]["step"], bool(status["sync"]["active_revision"])) == ("check", True)
    first.press("C-c")
    wait_until(lambda: prompts(first) == len(made) + 2, timeout=30, what="the end of `attune up`")
    said = first.screen(history=True)
    assert "stopping" in said
    assert not programs_below(said.partition("logs in ")[2].partition("/logs")[0]), "nothing is left running"


def programs_below(root: str) -> list[str]:
    """Return the command lines that name a directory."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has ended meanwhile
            continue
    return [line for line in found if root and root in line]
