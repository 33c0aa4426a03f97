"""Which of our programs run here, found without asking them: by the locks that they hold (/proc/locks) and what they wrote down.

Called by `ports`, `kernel` and `table`.
"""

import json
import os
import resource
from pathlib import Path

from attune_cli.doctor.here import Here

_LOCKS = Path("/proc/locks")


def running(here: Here) -> dict[str, int]:
    """Return the pids of programs that are known to run."""
    found: dict[str, int] = {}
    if here.controller and (pid := lock_holder(here.controller.state / "store" / "lock")):
        found["controller"] = pid
    if here.agent:
        if pid := agent_pid(here.agent.layout.ready):
            found["agent"] = pid
        if pid := lock_holder(here.agent.executor_state / "lock"):
            found["executor"] = pid
    return found


def lock_holder(path: Path) -> int | None:
    """Return the process that has a file locked.

    The kernel names the file by device and inode; an overlay says another device to who asks for the file, so who has it open counts, too.
    """
    try:
        found = path.stat()
        rows = [line.split() for line in _LOCKS.read_text("ascii").splitlines() if "->" not in line]
    except OSError:
        return None
    device = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}"
    for number, holder in [(row[5], int(row[4])) for row in rows]:
        on, _, inode = number.rpartition(":")
        if inode == str(found.st_ino) and holder > 0 and (on == device or _has_open(holder, found)):
            return holder
    return None


def open_files(pid: int) -> set[str]:
    """Return what a process has open, as far as it is shown to us."""
    found: set[str] = set()
    try:
        for one in Path(f"/proc/{pid}/fd").iterdir():
            found.add(str(one.readlink()))
    except OSError:
        return found  # ended, or not ours to see
    return found


def _has_open(pid: int, wanted: os.stat_result) -> bool:
    try:
        return any(os.path.samestat(one.stat(), wanted) for one in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False  # ended, or not ours to see


def agent_pid(status: Path) -> int | None:
    """Return the agent that wrote its status, while it lives."""
    try:
        pid = json.loads(status.read_bytes())["pid"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid if isinstance(pid, int) and Path(f"/proc/{pid}").exists() else None


def limit_of(pid: int, name: str) -> int | None:
    """Return a hard limit of a process, such as `Max open files`; None: it has none."""
    for line in Path(f"/proc/{pid}/limits").read_text("ascii").splitlines():
        if line.startswith(name):
            text = line[len(name) :].split()[1]
            return int(text) if text.isdecimal() else None
    return resource.RLIM_INFINITY
