"""A real terminal: a tmux server of its own with one pane, typed into and looked at; used by tests of what people see."""

import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import wait_until


class Pane:
    """One pane; `shows` waits for a text on its screen."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-S", str(self._socket), "-f", "/dev/null", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout

    def type(self, text: str) -> None:
        """Type a text as it stands."""
        self._tmux("send-keys", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: Enter, Tab, C-c."""
        self._tmux("send-keys", *keys)

    def screen(self, *, history: bool = False) -> str:
        """Return what is on the screen, or all that was."""
        return self._tmux("capture-pane", "-p", "-J", *(["-S", "-"] if history else []))

    def shows(self, text: str, *, timeout: float = 30.0) -> str:
        """Wait until a text is on the screen; return the whole screen."""
        try:
            wait_until(lambda: text in self.screen(), timeout=timeout, what=f"{text!r} on the screen")
        except AssertionError as error:
            raise AssertionError(f"{error}; it shows:\n{self.screen()}") from error
        return self.screen()

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the terminal."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def end(self) -> None:
        """Hang up, as when a terminal is closed."""
        self._tmux("kill-server")


@contextmanager
def terminal(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], columns: int = 80, lines: int = 24, place: Path | None = None
) -> Iterator[Pane]:
    """Run a program in a pane, with this environment alone; the socket is short enough for any `tmp_path`."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    socket = (place or Path("/tmp")) / f"attune-{uuid.uuid4().hex[:12]}.tmux"
    pane = Pane(socket)
    variables = [f"{name}={value}" for name, value in env.items()]
    size = ["-x", str(columns), "-y", str(lines)]
    pane._tmux("new-session", "-d", *size, "-c", str(cwd), "--", "env", "-i", "TERM=screen-256color", *variables, *command)
    try:
        yield pane
    finally:
        subprocess.run(["tmux", "-S", str(socket), "kill-server"], capture_output=True, check=False, timeout=30)
        socket.unlink(missing_ok=True)
