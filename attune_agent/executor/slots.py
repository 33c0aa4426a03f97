"""The slots: one keeper process each, forked while the executor is a single thread, replaced when it dies.

`executor` waits on the keepers' channels and passes their messages to `hosting`; `starting` takes free slots. A new keeper first empties
its uid and its directory of whatever an earlier one left, and only then says `ready`: the same code serves the start of the executor
and the death of a keeper. A guest slot has a keeper only while it hosts an attempt, made for the user that this attempt was granted; a
sensor's slot has one while it hosts a sensor.
"""

import contextlib
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from pathlib import Path
from typing import NoReturn

from attune_agent.executor.aside import fork_aside
from attune_agent.executor.cgroups import Group
from attune_agent.executor.channel import Channel, ChannelClosed
from attune_agent.executor.confine import (
    Identity,
    OutOfMemoryScore,
    become,
    bound_files,
    bound_processes,
    keep_only,
    plain_signals,
)
from attune_agent.executor.keeper import keep
from attune_agent.executor.ledger import Held, Keeper
from attune_agent.executor.processes import process
from attune_agent.executor.protocol import OutcomeMessage
from attune_agent.executor.remove_tree import empty_directory, open_directory
from attune_agent.executor.tree import empty_uid, tree_of


class Phase(Enum):
    """Where a slot's keeper is in its life."""

    ABSENT = auto()  # `due`: when to fork one
    STARTING = auto()  # forked, empties its uid; `due`, if it was given an attempt, as below
    READY = auto()  # `due`: when it is given up, because it neither ends its attempt nor says that it cannot
    DYING = auto()  # killed, not yet reaped


@dataclass(slots=True)
class End:
    """How an attempt ended; it is told, and its slot free, when that is on the disk and nothing of the attempt is left on the host."""

    outcome: OutcomeMessage
    durable: bool = False
    clean: bool = False


@dataclass(slots=True)
class Slot:
    """One slot and what it hosts."""

    number: int
    identity: Identity
    directory: Path
    guest: bool = False
    #: It hosts sensors; its keeper, like a guest's, is there only while it hosts one.
    sensor: bool = False
    group: Group | None = None
    #: Processes and threads that its uid may have at once, where no group counts them.
    processes: int | None = None
    phase: Phase = Phase.ABSENT
    due: float = 0.0
    channel: Channel | None = None
    keeper: Keeper | None = None
    held: Held | None = None
    #: The name of the private directory of what its keeper hosts, or prepares.
    private: str = ""
    #: The end of what it holds, once its keeper has said it.
    end: End | None = None
    #: Whether its keeper still removes what it had prepared for a start that could not be recorded.
    dropping: bool = False
    #: Whether the present keeper was ever ready; one that was not is replaced after a pause only.
    worked: bool = False
    #: Whether the present keeper was given its attempt before it was ready, as a guest slot's is.
    given: bool = False
    #: Since when the attempt is without a keeper; inf: it has one, or waits for the word to begin.
    lost_at: float = inf
    #: Who cancelled the attempt when it was not the agent.
    stopped_by: str = ""
    #: When a sensor is stopped unless the agent renews it, and how long it then has for SIGTERM.
    lease_until: float = inf
    grace: float = 0.0
    #: How many segments a sensor's spool may have, and the one that its keeper waits for, because it is full.
    segments: int = 0
    waits_for: int | None = None
    #: No process of the sensor is left; only its last bytes are still to be spooled.
    over: bool = False

    @property
    def free(self) -> bool:
        """Whether a start may be given to it."""
        return self.held is None and not self.dropping and self.phase is (Phase.ABSENT if self.passing else Phase.READY)

    @property
    def passing(self) -> bool:
        """Whether it has a keeper only while it hosts something."""
        return self.guest or self.sensor

    @property
    def finished(self) -> bool:
        """Whether nothing is left of what it held; what may be missing is that its end is on the disk."""
        return self.held is None or (self.end is not None and self.end.clean)


def slot_numbers(slots: int, sensors: int, *, guests: bool) -> range:
    """Return the numbers of all slots: 0 builds, then so many for attempts, those for sensors, and one more per slot for granted users."""
    return range(1 + slots + sensors + (slots if guests else 0))


def fork_keeper(slot: Slot) -> Keeper:
    """Give the slot a new keeper; it is usable when it has said `ready`."""
    left = os.listdir(slot.directory)  # noqa: PTH208 - names only; the keeper itself may not list it
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        pid = os.fork()
    except OSError:
        ours.close()
        theirs.close()
        raise
    if pid == 0:
        _live(slot, theirs, left)
    theirs.close()
    found = process(pid)
    slot.channel, slot.keeper = Channel(ours), Keeper(pid, found.ticks if found else 0, slot.identity.uid)
    slot.phase, slot.due, slot.worked, slot.given = Phase.STARTING, inf, False, False
    return slot.keeper


def remove_emptied(slot: Slot, names: Sequence[str]) -> None:
    """Remove private directories that the keeper has emptied.

    What another uid put into one that the action had opened to everybody is left to root, in a process of its own: it may be much.
    """
    for name in names:
        try:
            os.rmdir(f"{slot.directory}/{name}")  # noqa: PTH106 - as in places.make_private
        except OSError:
            if slot.identity.owner is not None:
                _fork_remover(slot.directory / name)


def _fork_remover(path: Path) -> None:
    def remove() -> None:
        _empty(path)
        path.rmdir()

    with contextlib.suppress(OSError):
        fork_aside(remove)


def _live(slot: Slot, end: socket.socket, left: Sequence[str]) -> NoReturn:
    """Be the keeper, never return."""
    try:
        plain_signals()
        os.setsid()
        os.umask(0o077)
        channel = Channel(socket.socket(fileno=keep_only(end.detach())))
        score = OutOfMemoryScore()
        score.put(0)
        try:
            if slot.group is not None:
                slot.group.enter()
            bound_files()
            if slot.processes is not None:
                bound_processes(slot.processes)
            become(slot.identity)
            tree = tree_of(slot.identity)
            if slot.identity.uid is not None:
                empty_uid(slot.identity.uid, tree)
            for name in left:
                with contextlib.suppress(OSError):
                    _empty(slot.directory / name)
        except OSError as error:
            channel.send("failed", {"detail": str(error)})
            os._exit(1)
        channel.send("ready")
        keep(channel, tree, score, tells_pids=slot.identity.uid is None)
    except ChannelClosed:
        os._exit(0)
    finally:
        os._exit(70)


def _empty(path: Path) -> None:
    descriptor = open_directory(str(path))
    try:
        empty_directory(descriptor)
    finally:
        os.close(descriptor)
