"""Running `attune` on a terminal of a given width, and what it shows there; used by the tests of commands."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
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
