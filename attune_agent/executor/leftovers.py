"""What an earlier life left: its processes are killed and its unended attempts become `lost`, before anybody is listened to.

`main` calls it once, with the state's lock held. With uids of our own, the keepers of the new life empty theirs; here only uids of slots
that no longer exist are left. Without, and for granted users, the recorded keepers and processes are found again by pid and start time,
whatever escaped them by its cgroup, and where there is none by the ATTUNE_RESULT in its environment.
"""

import contextlib
import os
import select
from collections.abc import Iterator, Sequence
from pathlib import Path

from attune_agent.executor.aside import fork_aside
from attune_agent.executor.attempt import now
from attune_agent.executor.cgroups import Groups
from attune_agent.executor.commit import GroupCommit
from attune_agent.executor.confine import Identity, become
from attune_agent.executor.identities import UidClaims, UidsUnusable
from attune_agent.executor.ledger import Keeper, Ledger, Started
from attune_agent.executor.outcomes import lost_outcome
from attune_agent.executor.places import Places
from attune_agent.executor.processes import Process, all_processes, descendants, process, uids_in_use, wait_gone
from attune_agent.executor.remove_tree import empty_directory, open_directory
from attune_agent.executor.tree import empty_uid, kill_all, stop_all, tree_of

_PATIENCE = 30.0
_KEEPERS_OWN_TIME = 2.0


class LeftoversRemain(Exception):
    """Processes of an earlier life cannot be killed; nothing may be started beside them."""


def boot_id() -> str:
    """Return the kernel's id of this boot: recorded pids mean nothing in another."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def kill_leftovers(ledger: Ledger, own: range, places: Places, numbers: range, groups: Groups | None, *, resident: int) -> None:
    """End every process of earlier lives that the keepers of this one will not find, or raise `LeftoversRemain`.

    `own` are the uids of this life's keepers, `numbers` those of its slots; the first so many slots have their keepers from the start on.
    """
    if own:
        _claim(ledger, own, resident)
    for group in groups.left() if groups is not None else ():
        if not group.empty(_PATIENCE):
            raise LeftoversRemain(f"processes of an earlier life cannot be killed: {', '.join(map(str, group.pids()))}")
        group.remove()
    _kill_recorded(ledger, places)
    _remove_other_directories(places, numbers, resident)


def _claim(ledger: Ledger, own: range, resident: int) -> None:
    """Take these uids for this process alone, and empty those that an earlier life had and that no keeper of this one empties at once."""
    claims = UidClaims()
    if not claims.claim(own[0], own[-1]):
        raise UidsUnusable(f"another executor of this machine uses some of the uids {own[0]}-{own[-1]}; give each its own --uids")
    for uid in {keeper.uid for keeper in ledger.keepers() if keeper.uid is not None} - set(own[:resident]):
        if claims.claim(uid, uid) and uids_in_use(uid, uid):
            _empty_in_child(uid)


def settle_unended(ledger: Ledger, commit: GroupCommit) -> int:
    """Hand in every attempt that had not ended as `lost`, once no process of it is left; return how many."""
    unended = ledger.unended()
    for held in unended:
        commit.end(lost_outcome(held, "executor_died"), lambda: None)
    return len(unended)


def _empty_in_child(uid: int) -> None:
    def empty() -> None:
        become(Identity(uid))
        empty_uid(uid, tree_of(Identity(uid)))

    end = now() + _PATIENCE
    while now() < end:
        pid = fork_aside(empty)
        child = process(pid)
        if child is not None and not wait_gone(child, _PATIENCE):
            break
        _, status = os.waitpid(pid, 0)
        if status == 0:
            return
        if os.WIFEXITED(status):
            raise LeftoversRemain(f"the processes of uid {uid} could not be reached")
        # Killed: by a keeper of the earlier life, which has seen that its executor is gone and empties the same uid.
    raise LeftoversRemain(f"processes of uid {uid} cannot be killed")


def _remove_other_directories(places: Places, numbers: range, own: int) -> None:
    """Remove the directories of slots that no longer exist, and what is in those that have a keeper only while they host something."""
    for path in places.work.iterdir():
        if path.name not in map(str, numbers[:own]):
            with contextlib.suppress(OSError):
                descriptor = open_directory(str(path))
                empty_directory(descriptor)
                os.close(descriptor)
                if path.name not in map(str, numbers):
                    path.rmdir()


def _kill_recorded(ledger: Ledger, places: Places) -> None:
    """Kill keepers, recorded main processes, their descendants and what carries our mark, until there is none."""
    if ledger.boot == boot_id():
        for keeper in _alive(_without_uid(ledger)):
            wait_gone(keeper, _KEEPERS_OWN_TIME)  # it sees that its executor is gone and kills its tree itself
    end, poll = now() + _PATIENCE, select.poll()
    while found := _recorded(ledger, places):
        for process_left in found:
            kill_all([process_left, *stop_all(process_left.pid)])
        if now() > end:
            raise LeftoversRemain(f"processes of an earlier life cannot be killed: {', '.join(str(left.pid) for left in found)}")
        poll.poll(10)


def _recorded(ledger: Ledger, places: Places) -> list[Process]:
    found = {left.pid: left for left in _marked(places)}
    if ledger.boot == boot_id():
        mains = [held.process for held in ledger.unended() if held.process is not None]
        for root in _alive([*_without_uid(ledger), *mains]):
            found[root.pid] = root
            found.update((left.pid, left) for left in descendants(root.pid))
    return list(found.values())


def _without_uid(ledger: Ledger) -> list[Keeper]:
    """Return the keepers whose processes are not found by a uid: those of an executor without privileges, and those of granted users."""
    return [keeper for keeper in ledger.keepers() if keeper.uid is None]


def _alive(recorded: Sequence[Started]) -> Iterator[Process]:
    """Return those that still are what was recorded."""
    for one in recorded:
        found = process(one.pid)
        if found is not None and found.ticks == one.ticks and not found.ended:
            yield found


def _marked(places: Places) -> Iterator[Process]:
    """Return the processes that were started with a private directory of ours in their environment."""
    mark = b"ATTUNE_RESULT=" + os.fsencode(places.work) + b"/"
    for found in all_processes():
        if found.ended or found.pid == os.getpid():
            continue
        with contextlib.suppress(OSError):
            variables = Path(f"/proc/{found.pid}/environ").read_bytes()
            if variables.startswith(mark) or b"\0" + mark in variables:
                yield found
