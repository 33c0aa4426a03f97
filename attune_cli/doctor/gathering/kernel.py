"""What the kernel allows the programs here, from /proc and /sys; called by `table`."""

from collections.abc import Iterator
from pathlib import Path

from attune_cli.doctor.facts import Dumps, Groups, Limits, Pids
from attune_cli.doctor.findings import Unseen
from attune_cli.doctor.gathering.processes import limit_of, running
from attune_cli.doctor.here import Here

#: Where version 2 of cgroups lists its controllers, at the usual place and where both versions are mounted.
_UNIFIED = (Path("/sys/fs/cgroup/cgroup.controllers"), Path("/sys/fs/cgroup/unified/cgroup.controllers"))


def limits(here: Here) -> Iterator[Limits | Unseen]:
    """Yield the limits of each program that is known to run."""
    for program, pid in running(here).items():
        try:
            yield Limits(program=program, pid=pid, files=limit_of(pid, "Max open files"), core=limit_of(pid, "Max core file size"))
        except OSError as error:
            yield Unseen(program=program, about=f"pid {pid}", why=error.strerror or str(error), remedy="sudo attune doctor")


def dumps(here: Here) -> Iterator[Dumps]:
    """Yield where core dumps go; only a controller's can be made, the others' memory is closed to the kernel, too."""
    if here.controller:
        yield Dumps(program="controller", pattern=Path("/proc/sys/kernel/core_pattern").read_text("utf-8", "replace").strip())


def pids(here: Here) -> Iterator[Pids]:
    """Yield how many processes there may be."""
    if here.agent:
        settings = here.agent.settings
        attempts = settings.slots + (8 if settings.sensors is None else settings.sensors)
        most = int(Path("/proc/sys/kernel/pid_max").read_text("ascii"))
        yield Pids(program="executor", most=most, wanted=attempts * settings.limits.processes)


def groups(here: Here) -> Iterator[Groups]:
    """Yield what cgroups there are."""
    if not here.agent:
        return
    unified = next((path.read_text("ascii").split() for path in _UNIFIED if path.exists()), [])
    if {"memory", "pids"} <= set(unified):
        yield Groups(program="executor", version=2, controllers=frozenset(unified))
        return
    rows = [line.split() for line in Path("/proc/cgroups").read_text("ascii").splitlines() if not line.startswith("#")]
    first = frozenset(row[0] for row in rows if row[1] != "0" and row[3] == "1")
    yield Groups(program="executor", version=1 if first else 2, controllers=first | frozenset(unified))
