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
    """Return the process that has a file locked."""
    try:
        found = path.stat()
        lines = _LOCKS.read_text("ascii").splitlines()
    except OSError:
        return None
    name = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    rows = [line.split() for line in lines if "->" not in line]
    return next((int(row[4]) for row in rows if row[5] == name and int(row[4]) > 0), None)


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
