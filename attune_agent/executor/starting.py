"""Answering `start`: known, refused, or prepared, recorded durably and begun by a keeper; never half.

`answering` calls it. Everything that can fail for want of files, disk or slots is done before the record; a refusal leaves nothing behind.
The keeper prepares while the record is being synced, and begins nothing before it is told that this is done, and that the agent has said
its word if the start is to wait for one (`words`).
"""

import contextlib
import errno
import os
from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path

from attune_agent.executor import fields as read
from attune_agent.executor import places
from attune_agent.executor.attempt import now
from attune_agent.executor.commit import GroupCommit, PendingStart
from attune_agent.executor.connections import Connection
from attune_agent.executor.course import DRAIN
from attune_agent.executor.fields import Fields
from attune_agent.executor.grants import Grants, NotGranted
from attune_agent.executor.host_bounds import HostBounds
from attune_agent.executor.hosting import PATIENCE, Hosting
from attune_agent.executor.identities import Identities
from attune_agent.executor.ledger import Held, Ledger, forget_record
from attune_agent.executor.protocol import Kind, Refusal
from attune_agent.executor.slots import Phase, Slot
from attune_agent.executor.spawn import describe_os_error
from attune_agent.executor.start_command import Order, StartCommand, parse_start
from attune_agent.executor.words import Awaiting, Words
from attune_core.failpoints import failpoint

#: Both streams may want a segment and an index at the same time.
_DESCRIPTORS = 4
_IN_USE: Mapping[Kind, str] = {
    "attempt": "every slot is in use",
    "build": "another build is running",
    "sensor": "as many sensors run as this host has room for",
}


class Refused(Exception):
    """The request is answered with this code; nothing was recorded or started."""

    def __init__(self, code: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.code: Refusal = code


class Starting:
    """What a start needs."""

    def __init__(
        self,
        where: places.Places,
        ledger: Ledger,
        commit: GroupCommit,
        hosting: Hosting,
        *,
        state_id: str,
        identities: Identities,
        grants: Grants,
        bounds: HostBounds,
    ) -> None:
        self._places = where
        self._identities = identities
        self._grants = grants
        self._bounds = bounds
        self._ledger = ledger
        self._commit = commit
        self._hosting = hosting
        self._state_id = state_id
        #: The starts that wait for a word.
        self.words = Words()

    def start(
        self, fields: Fields, asker: Connection, reply: Callable[[Mapping[str, object]], None], refuse: Callable[[Refused], None]
    ) -> None:
        """Answer now (known, or `Refused` is raised), or once it has begun or could not be recorded, or is not to begin."""
        command = parse_start(fields, read.decoded(fields, "input_b64"))
        key = (command.execution, command.attempt)
        known = self._ledger.get(key)
        if known is not None:
            if key in self.words:
                raise Refused("busy_host", "the same start waits for its word")
            reply({"state": known.state, "log_directory": known.log_directory})
            return
        slot = self._choose(command, fields)
        log_directory = self._places.log_directory(command.execution, command.attempt)
        order = self._prepare(command, slot, log_directory)
        held = slot.held = Held(command.execution, command.attempt, command.kind, slot.number, log_directory, command.uses)
        slot.lost_at = inf
        slot.segments, slot.grace = command.spool.segments if command.spool is not None else 0, command.grace
        if not slot.passing:
            self._hosting.prepare(slot, order)
        failpoint("a18")

        def begin() -> None:
            self._begin(slot, held, order)
            reply({"state": "accepted", "log_directory": log_directory})

        def drop() -> None:
            if slot.held is held and slot.end is None:
                self._take_back(slot, held, order)
            if slot.held is not held:  # also where its keeper was lost meanwhile: nothing of it has begun
                self._commit.loose(forget_record(key))
            refuse(Refused("dropped", "it was not to begin"))

        def failed(detail: str) -> None:
            self._take_back(slot, held, order)
            refuse(Refused("busy_host", detail))

        self._record(held, Awaiting(asker, begin, drop), failed, waits=read.flag(fields, "await_word"))

    def _record(self, held: Held, awaiting: Awaiting, failed: Callable[[str], None], *, waits: bool) -> None:
        """Record a start, which then begins, or waits for its word."""
        key = (held.execution, held.attempt)

        def recorded() -> None:
            failpoint("a5")
            if waits:
                self.words.recorded(key)
            else:
                awaiting.begin()

        def unrecorded(detail: str) -> None:
            self.words.failed(key)
            failed(detail)

        if waits:
            self.words.enter(key, awaiting)
        self._commit.start(PendingStart(held, recorded, unrecorded))

    def _choose(self, command: StartCommand, fields: Fields) -> Slot:
        if read.text(fields, "state_id", self._state_id) != self._state_id:
            raise Refused("other_state", f"this executor's state is {self._state_id}")
        if self._commit.is_pending((command.execution, command.attempt)):
            raise Refused("busy_host", "the same start is being recorded")
        if self._ledger.full:
            raise Refused("journal_full", "too many outcomes wait to be collected")
        slot = self._free_slot(command)
        if slot is None:
            raise Refused("no_slot", _IN_USE[command.kind])
        return slot

    def _free_slot(self, command: StartCommand) -> Slot | None:
        if command.kind == "build":
            return self._hosting.free_slot(build=True)
        sensor = command.kind == "sensor"
        if self._hosting.full and not sensor:
            return None
        if not command.user:
            slot = self._hosting.free_slot(sensor=sensor)
            if slot is not None and sensor:
                slot.identity = self._identities.of_slot(slot.number)
            return slot
        try:
            identity = self._grants.identity(command.user, command.action)
        except NotGranted as error:
            raise Refused("not_granted", str(error)) from error
        slot = self._hosting.free_slot(guest=not sensor, sensor=sensor)
        if slot is not None:
            slot.identity = identity
        return slot

    def _prepare(self, command: StartCommand, slot: Slot, log_directory: str) -> Order:
        """Make what only the executor can make, and return what it tells the keeper."""
        slot.private = f"{command.execution}.{command.attempt}"
        private = f"{slot.directory}/{slot.private}"
        try:
            if command.environment is not None:
                places.make_tree(self._places, slot.identity.uid, command.environment)
            places.make_private(private, slot.identity.owner)
            if command.kind == "build":
                places.make_log_directory(log_directory)
            else:
                places.require_room_for_logs(self._places.logs)
            if slot.group is not None:
                slot.group.bound(*self._bounds.of(command))
            _require_descriptors()
        except (OSError, places.PlaceUnusable) as error:
            _undo(private, log_directory)
            if isinstance(error, OSError) and error.errno == errno.EBUSY:  # more is counted in the group than this attempt may have
                self._hosting.give_up(slot)
            raise Refused("busy_host", describe_os_error(error) if isinstance(error, OSError) else str(error)) from error
        return Order(self._bounded(command, slot), private, self._places.tree(command.environment) if command.environment else "")

    def _bounded(self, command: StartCommand, slot: Slot) -> StartCommand:
        """Return the command with the bounds that are the keeper's to set, and with Attune's own places hidden from a sandbox."""
        if command.processes is None and command.sandbox is None:
            return command
        sandbox = command.sandbox
        if sandbox is not None:
            sandbox = sandbox._replace(hide=(*sandbox.hide, *map(str, self._places.all)))
        return command._replace(processes=self._bounds.left_to_keeper(command, slot), sandbox=sandbox)

    def _is_prepared(self, slot: Slot, held: Held) -> bool:
        """Tell whether the keeper that was told to prepare it is there; else it is lost, and the next keeper says so."""
        return slot.held is held and slot.end is None and slot.phase is (Phase.ABSENT if slot.passing else Phase.READY)

    def _take_back(self, slot: Slot, held: Held, order: Order) -> None:
        """Leave nothing of a start that does not begin."""
        if slot.passing:
            slot.held = None
            _undo(order.private, held.log_directory)
        else:
            self._hosting.drop(slot)
            places.remove_log_directory(held.log_directory)

    def _begin(self, slot: Slot, held: Held, order: Order) -> None:
        """Tell the keeper; that of a slot which has none while it is free is made only now."""
        if not self._is_prepared(slot, held):
            return
        command = order.command
        if slot.passing:
            self._hosting.host_passing(slot, order, now())
        else:
            self._hosting.begin(slot)
        if slot.held is held and slot.end is None:
            slot.due = now() + command.timeout + command.grace + DRAIN + PATIENCE
            slot.lease_until = now() + command.lease
            held.state = "running"


def _require_descriptors() -> None:
    """Raise now what opening the attempt's logs would raise later, when only log bytes could be given up."""
    taken: list[int] = []
    try:
        taken.extend(os.dup(0) for _ in range(_DESCRIPTORS))
    finally:
        for descriptor in taken:
            os.close(descriptor)


def _undo(private: str, log_directory: str) -> None:
    with contextlib.suppress(OSError):
        Path(private).rmdir()
    places.remove_log_directory(log_directory)
