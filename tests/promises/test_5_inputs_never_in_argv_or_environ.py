"""Lesson 5: a secret is on the action's standard input and nowhere else: no argv, no environ, no database, no log.

Two scanners look at all processes all the time, one as another user and one as ourselves, while agents join, environments are built and
actions run; afterwards every file of controller and agent is searched.
"""

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from attune_cli.local.origin import Origin
from attune_cli.local.system import LocalSystem, network_settings
from attune_core.states import Outcome
from tests.running import Running, action_document, open_for_attempts, pack

CANARY = "canary-4a1f-value"
#: What join tokens and API tokens look like.
TOKENS = [r"attune-join\.[A-Za-z0-9_-]{20,}", r"attune_[A-Za-z0-9_-]{40,}"]
PYTHON = "/usr/bin/python3"
SCANNER = Path(__file__).with_name("proc_scanner.py")
ECHO = """\
cat > "$HOME/input"
cat "$HOME/input"
base64 "$HOME/input" >&2
sed -n 's/.*"secret_value": *"\\([^"]*\\)".*/\\1/p' "$HOME/input" | tr -d '\\n' | base64
grep -q canary "$HOME/input"
"""
FILES = pack(
    "vault",
    {
        "actions/echo.yaml": action_document(
            "echo.sh", parameters={"plain": {"type": "string"}, "secret_value": {"type": "string", "secret": True}}
        ),
        "actions/echo.sh": ECHO,
        "actions/built.yaml": json.dumps(
            {"description": "With an environment", "run": ["python", "-c", "import sys; sys.stdin.read()"], "environment": "python"}
            | {"parameters": {"secret_value": {"type": "string", "secret": True}}}
        ),
        "pack.yaml": json.dumps(
            {"name": "vault", "version": "1.0.0", "description": "For tests"}
            | {"environments": {"python": {"ecosystem": "python", "interpreter": ">=3.9", "lock": "requirements.lock"}}}
        ),
        "requirements.lock": "",
    },
)


@dataclass
class Scanner:
    """A process that looks at all others."""

    process: "subprocess.Popen[str]"
    #: Everything that was found, complete when it has ended.
    found: list[dict[str, str]] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Write it a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """Return its next line that is not a find."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if not line.startswith('{"process"'):
                return line
            self.found.append(json.loads(line))
        raise AssertionError("the scanner has ended")

    def look(self) -> None:
        """Wait until it has looked once at every process that there is now."""
        self.say("look")
        assert self.hear() == "looked\n"


@contextmanager
def scanning(user: int | None, wanted: list[str]) -> Iterator[Scanner]:
    """Yield a scanner that runs as this user, or as ourselves."""
    argv = [PYTHON, "-c", SCANNER.read_text(encoding="utf-8")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, user=user) as process:
        assert process.stdin is not None
        scanner = Scanner(process)
        scanner.say(json.dumps(wanted))
        assert scanner.hear() == "scanning\n"
        yield scanner
        process.stdin.close()
        assert json.loads(scanner.hear())["rounds"] > 20, "the scanner must have looked often enough to mean something"


@pytest.mark.flow
@pytest.mark.registry
def test_a_secret_is_nowhere_but_on_standard_input(tmp_path: Path) -> None:
    open_for_attempts(tmp_path)
    origin = Origin(tmp_path / "git")
    origin.write(FILES)
    commit = origin.push()
    wanted = [CANARY, *TOKENS]
    with ExitStack() as scanners:
        by_us = scanners.enter_context(scanning(None, wanted))
        by_another = scanners.enter_context(scanning(65_534, wanted))
        with LocalSystem(root=tmp_path / "system", repository=str(origin.bare), network=network_settings()) as system:
            system.start_controller()
            system.wait_for_revision(commit)
            agent = system.add_agent("one", {"role": "test"})
            system.put_agent_secret(agent, "vault_key", CANARY)
            system.wait_for_agents()
            with system.client() as client:
                running = Running(system, origin, client)
                echoed = running.run("vault.echo", {"plain": "seen"}, secrets={"secret_value": "vault_key"})
                built = running.run("vault.built", secrets={"secret_value": "vault_key"}, timeout=120)
                out = base64.b64decode(running.log(echoed.id).content)
                err = base64.b64decode(running.log(echoed.id, "stderr").content)
    assert echoed.outcome is Outcome.SUCCEEDED, "the action itself had the value on its standard input"
    assert built.outcome is Outcome.SUCCEEDED, built
    assert by_us.found == []
    assert by_another.found == []
    assert b"seen" in out
    assert b"***" in out
    for log in (out, err):
        assert CANARY.encode() not in log
        assert base64.b64encode(CANARY.encode()).rstrip(b"=") not in log
    assert files_with(tmp_path, CANARY) == [tmp_path / "system/agents/one/state/agent/secrets/vault_key"]


def files_with(place: Path, text: str) -> list[Path]:
    """Return the files below a place that hold a text, databases, journals and write-ahead logs included."""
    return [path for path in sorted(place.rglob("*")) if path.is_file() and not path.is_symlink() and text.encode() in path.read_bytes()]
