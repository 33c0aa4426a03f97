"""Running `attune` on a terminal of a given width, and what it shows there; used by the tests of commands."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


def attune_on_terminal(*arguments: str, cwd: Path, columns: int = 80, env: Mapping[str, str] | None = None) -> str:
    """Return what stdout and stderr show together, line by line as it was written; at most 64 KiB."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LANG": "C.UTF-8", "TERM": "xterm", **(env or {})}
    command = [sys.executable, "-m", "attune_cli", *arguments]
    subprocess.run(command, cwd=cwd, stdin=slave, stdout=slave, stderr=slave, env=environment, check=False, timeout=120)
    os.close(slave)
    shown = os.read(master, 65_536).decode(errors="backslashreplace")
    os.close(master)
    return shown.replace("\r\n", "\n")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What a command wrote to a pipe, and what it drew on a terminal beside it."""

    code: int
    stdout: str
    stderr: str

    def says(self, *texts: str) -> bool:
        """Tell whether each text was to be seen at some time."""
        plain = re.sub(r"\x1b\[[0-9;]*m", "", self.stderr)
        assert all(text in plain for text in texts), (texts, plain)
        return True

    @property
    def left(self) -> str:
        """What is on the terminal in the end, without empty lines below it; only what a line that is drawn again needs is understood."""
        lines, row, column = [""], 0, 0
        for control, text in re.findall(r"(\x1b\[[0-9;?]*[A-Za-z]|\r|\n)|([^\x1b\r\n]+)", self.stderr):
            if text:
                lines[row] = lines[row][:column].ljust(column) + text + lines[row][column + len(text) :]
                column += len(text)
            elif control == "\r":
                column = 0
            elif control == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            elif control == "\x1b[1A":
                row -= 1
            elif control == "\x1b[2K":
                lines[row] = ""
        return "\n".join(lines).rstrip("\n")


def drawn(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, argv: Sequence[str] = (), interrupt_at: str = "", columns: int = 80
) -> Drawn:
    """Run it with stderr on a terminal and stdout in a pipe; Ctrl-C once a line of stdout begins with `interrupt_at`."""
    screen, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown: list[bytes] = []
    reader = threading.Thread(target=lambda: shown.extend(iter(lambda: _read(screen), b"")), daemon=True)
    kept = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE") if name in os.environ}
    environment = kept | {"HOME": str(cwd), "LANG": "C.UTF-8", "TERM": "xterm"} | dict(env or {})
    command = [*(argv or (sys.executable, "-m", "attune_cli")), *arguments]
    written: list[str] = []
    with subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=slave, text=True) as process:
        os.close(slave)
        reader.start()
        assert process.stdout is not None
        for line in process.stdout:
            written.append(line)
            if interrupt_at and line.startswith(interrupt_at):
                process.send_signal(signal.SIGINT)
    reader.join(10)
    os.close(screen)
    return Drawn(code=process.returncode, stdout="".join(written), stderr=b"".join(shown).decode(errors="backslashreplace"))


def _read(screen: int) -> bytes:
    try:
        return os.read(screen, 65_536)
    except OSError:  # the other end is closed
        return b""
