"""The action of the table of denials: tries what each row says and tells what it could; runs on any python3, without anything of ours.

Started by tests/contracts/test_denials.py with the rows and the targets on standard input; it writes {row: possible} as its Result.
"""

import ctypes
import json
import os
import socket as sockets
import subprocess
import sys
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path


def read(path: str) -> None:
    """Read a byte of a file; memory at an address that every process maps."""
    with Path(path).open("rb", buffering=0) as file:
        if path.endswith("/mem"):
            file.seek(0x400000)
        file.read(1)


def names(path: str) -> None:
    """List a folder; a covered one is empty, and so shows nothing."""
    if not list(Path(path).iterdir()):
        raise PermissionError(path)


def append(path: str) -> None:
    """Open a file for writing."""
    os.close(os.open(path, os.O_WRONLY | os.O_APPEND))


def create(folder: str, *, kept: bool = False) -> None:
    """Put a file into a folder of the host; one that is only the sandbox's own is gone with it, and does not count."""
    path = Path(folder, f"of-an-action-{uuid.uuid4().hex}")
    path.touch(exist_ok=False)
    path.unlink()
    if kept and path.parent.stat().st_dev != int(sys.argv[1]):
        raise PermissionError(folder)


def signal(pid: int) -> None:
    """Ask whether a signal would be delivered."""
    os.kill(pid, 0)


def trace(pid: int) -> None:
    """Attach to a process as a debugger does."""
    if ctypes.CDLL(None, use_errno=True).ptrace(16, pid, 0, 0) != 0:
        raise PermissionError(pid)


def ask(path: str) -> None:
    """Speak to the executor and wait for its answer."""
    with sockets.socket(sockets.AF_UNIX) as end:
        end.settimeout(5)
        end.connect(path)
        end.sendall(b'{"id": 1, "type": "list"}\n')
        if not end.recv(1):
            raise PermissionError(path)


def reach(port: int) -> None:
    """Connect to a server on this host's loopback interface."""
    sockets.create_connection(("127.0.0.1", port), 5).close()


def become_root(program: str) -> None:
    """Run a setuid `id`."""
    if subprocess.run([program, "-u"], capture_output=True, check=True).stdout.strip() != b"0":
        raise PermissionError(program)


def of_any(pids: Sequence[int], what: Callable[[int], None]) -> None:
    """Do it to the first that lets it."""
    for pid in pids:
        try:
            return what(pid)
        except OSError:
            continue
    raise PermissionError(pids)


def main() -> None:
    """Try every row."""
    given = json.load(sys.stdin)
    could = {}
    for row in given["rows"]:
        try:
            eval(row["how"], globals() | given["targets"])  # noqa: S307 - the rows are ours
            could[row["tries"]] = True
        except (OSError, subprocess.CalledProcessError):
            could[row["tries"]] = False
    Path(os.environ["ATTUNE_RESULT"]).write_text(json.dumps(could), encoding="utf-8")


if __name__ == "__main__":
    main()
