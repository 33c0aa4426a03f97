"""Whether there is room, of the right kind; judged for `table`."""

from attune_cli.doctor.facts import Disk, Inputs, Reserve
from attune_cli.doctor.findings import Judgement, error, ok, warning
from attune_core.quantities import show_size

#: Twice what a controller keeps in reserve: with less it gives the reserve up and accepts nothing (reliability.md G17).
_LEAST = 32 << 20
_LITTLE = 1 << 30


def space(fact: Disk) -> Judgement:
    """Judge the bytes that are left."""
    words = f"{show_size(fact.free)} of {show_size(fact.total)} are free"
    remedy = f"make room: du -xh --max-depth=2 {fact.path} | sort -h | tail"
    if fact.free < min(_LEAST, fact.total // 8):
        return error(fact.path, f"the disk is full: {words}", remedy)
    if fact.free < min(_LITTLE, fact.total // 10):
        return warning(fact.path, words, remedy)
    return ok(fact.path, words)


def inodes(fact: Disk) -> Judgement:
    """Judge the files that may still be made; file systems without a bound say 0 of 0."""
    if not fact.inodes:
        return ok(fact.path, "this file system has no bound of files")
    remedy = f"remove files that are not needed: du -x --inodes --max-depth=2 {fact.path} | sort -n | tail"
    words = f"{fact.inodes_free} of {fact.inodes} inodes are free"
    if fact.inodes_free < min(100, fact.inodes // 8):
        return error(fact.path, f"no more files can be made: {words}", remedy)
    if fact.inodes_free < fact.inodes // 20:
        return warning(fact.path, words, remedy)
    return ok(fact.path, words)


def local(fact: Disk) -> Judgement:
    """Judge whether locks and syncs hold there."""
    if not fact.network:
        return ok(fact.path, "lies on a disk of this host")
    if fact.network_allowed:
        return warning(fact.path, f"lies on {fact.network}, whose locks and syncs may not hold", "move it to a local disk")
    return error(fact.path, f"lies on {fact.network}: the program refuses to start on it", "move it to a local disk")


def reserve(fact: Reserve) -> Judgement:
    """Judge whether the controller has what it needs when its disk is full."""
    if fact.there:
        return ok(fact.path, "the reserve for a full disk is there")
    return warning(
        fact.path, "the reserve is given up, or was never had: until there is room no event is accepted", "make room on this disk"
    )


def inputs(fact: Inputs) -> Judgement:
    """Judge where inputs by file would be written."""
    if fact.on_memory:
        return ok(fact.path, "inputs are written to memory only (tmpfs)")
    message = "is no tmpfs: actions that take secrets in a file are rejected(policy_denied)"
    return warning(fact.path, message, f"mount -t tmpfs -o mode=0755 tmpfs {fact.path}, and restart the executor with --run below it")
