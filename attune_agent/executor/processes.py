"""Reading /proc: which processes there are, whose children and whose uid they are.

Used by `tree` and `leftovers` to find what belongs to an attempt; a process is named by pid and start time, since pids come back.
"""

import contextlib
import os
import select
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Process:
    """One process at the moment of looking; `ticks` is its start in clock ticks since boot (proc(5), stat field 22)."""

    pid: int
    parent: int
    session: int
    ticks: int
    ended: bool  # a zombie: only waits for its parent


def process(pid: int) -> Process | None:
    """Return that process, or None if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - pathlib costs five times the read, once per process on the host
            stat = file.read()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()
    return Process(pid, int(fields[1]), int(fields[3]), int(fields[19]), fields[0] in (b"Z", b"X"))


def all_processes() -> Iterator[Process]:
    """Walk the processes of this host."""
    for pid in _pids():
        found = process(pid)
        if found is not None:
            yield found


def descendants(ancestor: int, but: Sequence[int] = ()) -> list[Process]:
    """Return the living descendants of a process, parents before children, without some of them and what descends from these."""
    children: dict[int, list[Process]] = {}
    for found in all_processes():
        children.setdefault(found.parent, []).append(found)
    line, waiting = list[Process](), [ancestor]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child.pid not in but:
                waiting.append(child.pid)
                if not child.ended:
                    line.append(child)
    return line


def uids_in_use(first: int, last: int, but: int = 0) -> set[int]:
    """Return which uids of the range some living process but one has (real, effective, saved or file system uid)."""
    found: set[int] = set()
    for pid in _pids():
        if pid == but:
            continue
        with contextlib.suppress(OSError), open(f"/proc/{pid}/status", "rb") as file:  # noqa: PTH123 - as above
            status = file.read()
            if b"\nState:\tZ" not in status and b"\nState:\tX" not in status:
                at = status.index(b"\nUid:\t") + 6
                found.update(uid for uid in map(int, status[at : status.index(b"\n", at)].split()) if first <= uid <= last)
    return found


def send_signal(target: Process, number: int) -> bool:
    """Signal exactly that process, never another that got its pid since; tell whether it was still there."""
    try:
        descriptor = os.pidfd_open(target.pid)
    except OSError:
        return False
    try:
        now = process(target.pid)
        if now is None or now.ticks != target.ticks:
            return False
        signal.pidfd_send_signal(descriptor, number)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def wait_gone(target: Process, timeout: float) -> bool:
    """Wait until that process has ended; tell whether it did in time (seconds)."""
    try:
        descriptor = os.pidfd_open(target.pid)
    except OSError:
        return True
    try:
        now = process(target.pid)
        if now is None or now.ticks != target.ticks or now.ended:
            return True
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(timeout * 1000))
    finally:
        os.close(descriptor)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - names only, once per look
