"""Whether the kernel leaves the programs enough, and keeps their memory to itself; judged for `table`."""

from attune_cli.doctor.facts import Dumps, Groups, Limits, Pids
from attune_cli.doctor.findings import Judgement, error, ok, warning

#: Every agent holds a connection, every slot a handful of files.
_FILES = 4096


def files(fact: Limits) -> Judgement:
    """Judge how many files a program may have open."""
    about = f"the {fact.program} (pid {fact.pid})"
    if fact.files is None or fact.files >= _FILES:
        return ok(about, "may open " + ("as many files as it likes" if fact.files is None else f"{fact.files} files"))
    return warning(about, f"may open {fact.files} files only", f"LimitNOFILE=65536 in its unit: systemctl edit attune-{fact.program}")


def core(fact: Limits) -> Judgement:
    """Judge whether a crash would leave secrets on the disk."""
    about = f"the {fact.program} (pid {fact.pid})"
    if fact.core == 0:
        return ok(about, "leaves no core dump")
    return error(about, "would leave a core dump, with secrets in it", "restart it: it was started in a way that skips its own protection")


def dumps(fact: Dumps) -> Judgement:
    """Judge where crashes go: a program behind a pipe gets them whatever the limits say."""
    if not fact.pattern.startswith("|"):
        return ok("kernel.core_pattern", f"is {fact.pattern!r}: the programs' limits hold")
    return warning(
        "kernel.core_pattern",
        f"gives crashes to {fact.pattern[1:60].split(' ')[0]}, which decides by itself whether a limit of 0 holds",
        "sysctl kernel.core_pattern=core, or see that it keeps nothing (systemd-coredump: Storage=none)",
    )


def pids(fact: Pids) -> Judgement:
    """Judge whether all attempts together can have what each may."""
    if fact.most >= fact.wanted:
        return ok("kernel.pid_max", f"{fact.most} processes; all attempts together may have {fact.wanted}")
    message = f"{fact.most} processes are fewer than all attempts together may have ({fact.wanted})"
    return warning("kernel.pid_max", message, f"sysctl kernel.pid_max={max(fact.wanted * 2, 4_194_304)}")


def groups(fact: Groups) -> Judgement:
    """Judge whether there are cgroups to bound attempts with."""
    if missing := sorted({"memory", "pids"} - fact.controllers):
        message = f"version {fact.version} without the controllers {' and '.join(missing)}: attempts are bounded less well"
        return warning("cgroups", message, "boot with cgroup v2, or give the container its controllers")
    return ok("cgroups", f"version {fact.version} with the controllers memory and pids")
