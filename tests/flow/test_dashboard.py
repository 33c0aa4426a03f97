"""The dashboard on a real terminal (tmux), of a real controller and agent: what a person types and sees there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_cli.profiles import Profile, save_profile
from attune_core.states import Outcome
from tests.free_ports import deaf_port
from tests.running import Running, action_document, pack, running_system
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")]

FILES = pack(
    "web",
    {
        "actions/slow.yaml": action_document("slow.sh"),
        "actions/slow.sh": "echo first line\nprintf '\\033[31mred\\033[0m\\n'\nexec sleep 300\n",
        "actions/bad.yaml": action_document("bad.sh"),
        "actions/bad.sh": "exit 3\n",
    },
)


class Terminal:
    """A tmux of its own with the dashboard in it."""

    def __init__(self, place: Path, command: str) -> None:
        self._socket = str(place / "tmux")
        environment = {"PATH": os.environ["PATH"], "HOME": str(place), "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        line = f"{sys.executable} -m attune_cli {command}; echo ended with $?; exec sleep 1000"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", line, environment=environment)

    def press(self, *keys: str) -> None:
        """Press keys or type texts, as tmux names them."""
        self._tmux("send-keys", *keys)

    @property
    def text(self) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p")

    def shows(self, text: str) -> None:
        """Wait until a text is on the screen."""
        wait_until(lambda: text in self.text, timeout=30, what=f"{text!r} on the screen, which is:\n{self.text}\nand then")

    def close(self) -> None:
        """End it."""
        self._tmux("kill-server")

    def _tmux(self, *words: str, environment: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *words], env=environment, capture_output=True, text=True, check=False, timeout=20
        )
        return done.stdout


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    with running_system(tmp_path, FILES, name="web1") as running:
        save_profile("default", running.system.profile)
        yield running


def test_a_person_sees_what_happens_follows_a_log_cancels_and_is_told_when_the_controller_is_away(running: Running, tmp_path: Path) -> None:
    slow = running.start("web.slow")
    number = running.execution(slow).number
    terminal = Terminal(tmp_path, "dashboard")
    try:
        terminal.shows("1 running")
        assert running.run("web.bad").outcome is Outcome.FAILED
        terminal.shows("✗ failed     web.bad")
        terminal.press(f":logs {number}", "Enter")
        terminal.shows("first line")
        terminal.shows("\\x1b[31mred\\x1b[0m")
        terminal.press("c")
        terminal.shows(f"Cancel execution {number}, web.slow?")
        terminal.press("y")
        terminal.shows("web.slow, cancelled: stdout, ended")
        assert running.settled(slow).outcome is Outcome.CANCELLED

        terminal.press(f":execution {number}", "Enter")
        terminal.shows("outcome")
        terminal.press("R")
        terminal.shows("Run web.slow again")
        terminal.press("y")
        terminal.shows("runs again as a new one")
        terminal.shows("reruns")

        controller = running.system.controller
        assert controller is not None
        controller.stop()
        terminal.shows("no connection for")
        terminal.shows("what to do:")
        running.system.start_controller()
        terminal.shows("● live")
        terminal.press("q")
        terminal.shows("ended with 0")
    finally:
        terminal.close()


def test_without_a_server_it_is_one_line_of_cause_and_remedy_on_the_screen_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    with deaf_port() as port:
        save_profile("default", Profile(url=f"http://127.0.0.1:{port}", authority="", token="t"))
        terminal = Terminal(tmp_path, "dashboard")
        try:
            terminal.shows("ended with 3")
            assert "what to do:" in terminal.text
            assert "Traceback" not in terminal.text
        finally:
            terminal.close()
