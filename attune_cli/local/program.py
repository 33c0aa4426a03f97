"""Program: one of Attune's own programs as a child process with a log file; started and stopped by `system`."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attune_cli.errors import ProgramFailed

_NEVER = threading.Event()


def module(name: str, *, python: str = sys.executable) -> list[str]:
    """Return the argv that runs one of our programs by its module, with this interpreter unless another one is named."""
    return [python, "-m", name]


class Program:
    """A child in its own session, so that Ctrl-C reaches only us and we stop the others in order."""

    def __init__(self, name: str, argv: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        """Start it; what it says goes to `log`. `environment` is beside what every program gets of ours."""
        self.name, self.log = name, log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",
                env=_environment() | dict(environment or {}),
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait_until(self, ready: Callable[[], bool], *, timeout: float = 60.0) -> None:
        """Wait for a sign of life; `ProgramFailed` with the last lines of the log when it ends first or takes too long."""
        end = time.monotonic() + timeout
        while not ready():
            self.require_running()
            if time.monotonic() > end:
                raise ProgramFailed(f"{self.name} did not become ready; its log {self.log} ends with:\n{self.last_lines()}")
            _NEVER.wait(0.01)

    def require_running(self) -> None:
        """Raise `ProgramFailed` when it has ended."""
        if not self.running:
            raise ProgramFailed(f"{self.name} ended with {self._process.returncode}; its log {self.log} ends with:\n{self.last_lines()}")

    def last_lines(self, count: int = 10) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.running:
            self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end and return its code."""
        return self._process.wait()

    def stop(self, *, grace: float = 10.0) -> None:
        """Ask it to end, then make it."""
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it without asking, as a crash would."""
        self._process.kill()
        self._process.wait()


def _environment() -> dict[str, str]:
    """Return what the programs get of the caller's environment: no proxy settings of a shell leak into them."""
    kept = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"PYTHONUNBUFFERED": "1"}
