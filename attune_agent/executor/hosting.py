"""What the executor does with its keepers' words, and how a slot gets another keeper when one dies, hangs or is spoilt.

`executor` calls it with packets, reaped children and time. An attempt whose keeper died is `lost` only when the next keeper has found
its uid empty: until then it has not ended, and its slot takes no other. An end that a keeper has said stays what it is if the keeper dies
while it cleans up: the next one goes on with that.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from math import inf

from attune_agent.executor import fields as read
from attune_agent.executor.attempt import now
from attune_agent.executor.channel import ChannelClosed, Packet
from attune_agent.executor.commit import GroupCommit
from attune_agent.executor.fields import Fields
from attune_agent.executor.ledger import Held, Started, keeper_record, pid_record
from attune_agent.executor.log_index import HEAD, MOST_SEGMENTS, STREAMS, WAYPOINTS, head_name, index_name, segment_name
from attune_agent.executor.log_waypoints import waypoints_name
from attune_agent.executor.outcomes import lost_outcome, outcome_of, unstarted_outcome
from attune_agent.executor.places import open_log_file
from attune_agent.executor.processes import process
from attune_agent.executor.slots import End, Phase, Slot, fork_keeper, remove_emptied
from attune_agent.executor.speech import say
from attune_agent.executor.spools import Spools
from attune_agent.executor.start_command import Order, pack
from attune_agent.executor.tree import kill_orphans
from attune_core.failpoints import failpoint

#: How long a keeper may be silent beyond all limits of its attempt before it is given up.
PATIENCE = 60.0
_RETRY = 1.0
_LOOK_AGAIN = 0.02
_UNKILLABLE_AFTER = 10.0


class Hosting:
    """The slots and what happens to them."""

    def __init__(self, slots: Sequence[Slot], commit: GroupCommit, spools: Spools, push: Callable[[Mapping[str, object]], None]) -> None:
        self.slots = slots
        self._commit = commit
        self._spools = spools
        self._push = push
        self._logged = 0

    def take_logged(self) -> int:
        """Return how many bytes were written to the logs of attempts that have ended since the last call."""
        logged, self._logged = self._logged, 0
        return logged

    def log_directories(self) -> set[str]:
        """Return where logs may still be written."""
        return {slot.held.log_directory for slot in self.slots if slot.held is not None}

    def free_slot(self, *, build: bool = False, guest: bool = False, sensor: bool = False) -> Slot | None:
        """Return a slot that may be given an attempt (of a granted user), a build, or a sensor."""
        wanted = (guest, sensor, build)
        return next((slot for slot in self.slots if slot.free and (slot.guest, slot.sensor, slot.number == 0) == wanted), None)

    @property
    def full(self) -> bool:
        """Whether as many attempts are hosted as there are slots; those of granted users count like the others."""
        attempts = [slot for slot in self.slots if slot.number != 0 and not slot.sensor]
        return sum(slot.held is not None for slot in attempts) >= sum(not slot.guest for slot in attempts)

    def slot_of(self, held: Held) -> Slot | None:
        """Return the slot that hosts an attempt now."""
        return next((slot for slot in self.slots if slot.held is held), None)

    def send(self, slot: Slot, kind: str, fields: Fields = read.NOTHING, *, blob: bytes = b"", descriptors: Sequence[int] = ()) -> None:
        """Send to the keeper; that it is gone is heard after its last words, and its attempt is `lost` when the next one is ready."""
        if slot.channel is None:
            for descriptor in descriptors:
                os.close(descriptor)
            return
        with contextlib.suppress(ChannelClosed):
            slot.channel.send(kind, fields, blob, descriptors)

    def prepare(self, slot: Slot, order: Order) -> None:
        """Have the slot's keeper prepare an attempt."""
        self.send(slot, "prepare", blob=pack(order))

    def begin(self, slot: Slot) -> None:
        """Have the slot's keeper begin what it has prepared: the start is recorded."""
        self.send(slot, "begin")

    def drop(self, slot: Slot) -> None:
        """Have the slot's keeper remove what it has prepared for a start that does not begin; another keeper does so before it is ready."""
        slot.held, slot.dropping = None, slot.phase is Phase.READY
        if slot.dropping:
            self.send(slot, "drop")

    def host_passing(self, slot: Slot, order: Order, now: float) -> None:
        """Make the keeper of a slot that has none while it is free, and give it its attempt, which it reads when it is ready."""
        slot.lost_at = now
        self._fork(slot, now)
        if slot.keeper is None:
            self._unstarted(slot, "the host has no process for its keeper")
            return
        slot.given = True
        self.prepare(slot, order)
        self.begin(slot)

    def stop(self, slot: Slot, grace: float, now: float) -> None:
        """Cancel what the slot hosts."""
        if slot.phase is Phase.READY:
            slot.due = min(slot.due, now + grace + PATIENCE)
        self.send(slot, "stop", {"grace": grace})

    def exchange(self, slot: Slot) -> None:
        """Send to a keeper what waits and obey what it says."""
        if slot.channel is None:
            return
        with contextlib.suppress(ChannelClosed):
            slot.channel.flush()
        try:
            packets = slot.channel.receive()
            for packet in packets:
                self._hear(slot, packet)
        except ChannelClosed:
            self.give_up(slot)
        except read.FieldWrong as error:
            say(f"the keeper of slot {slot.number} is not understood and is replaced: {error}")
            self.give_up(slot)

    def give_up(self, slot: Slot) -> None:
        """End a keeper that is gone, hangs, or is no longer fit; it goes on when the child is reaped."""
        if slot.channel is not None:
            slot.channel.close()
            slot.channel = None
        if slot.keeper is not None:
            slot.lost_at = now() if slot.phase is Phase.READY else slot.lost_at
            slot.phase, slot.due = Phase.DYING, inf
            with contextlib.suppress(ProcessLookupError):
                os.kill(slot.keeper.pid, signal.SIGKILL)  # our child, not yet reaped: the pid is its own

    def reaped(self, pid: int, now: float) -> None:
        """Hear that a child has ended; a slot without keeper gets one at once, or after a pause if the last never worked."""
        for slot in self.slots:
            if slot.keeper is not None and slot.keeper.pid == pid:
                slot.keeper = None  # from here on the pid may be another's
                self.exchange(slot)  # its last words
                self.give_up(slot)
                slot.lost_at = now if slot.phase is Phase.READY else slot.lost_at
                if slot.group is not None:
                    slot.group.renew()
                slot.phase, slot.due = Phase.ABSENT, now if slot.worked else now + _RETRY
                if slot.given and not slot.worked:
                    self._unstarted(slot, "its keeper could not become the user that it is to run as")
                if slot.passing and slot.finished:
                    slot.due = inf

    def dismiss(self) -> None:
        """Let the keepers go, which host nothing any more, and wait for their ends."""
        for slot in self.slots:
            if slot.channel is not None:
                slot.channel.close()
            if slot.keeper is not None:
                with contextlib.suppress(ChildProcessError):
                    while os.WIFSTOPPED(os.waitpid(slot.keeper.pid, os.WUNTRACED)[1]):
                        os.kill(slot.keeper.pid, signal.SIGCONT)

    def take_clean(self) -> None:
        """Hear of ends that are on the disk whether their keepers have cleaned up meanwhile: most have, and another turn is saved."""
        for slot in self.slots:
            if slot.end is not None and slot.end.durable:
                self.exchange(slot)

    def tend(self, now: float) -> None:
        """Do what is due."""
        for slot in self.slots:
            if now >= slot.due:
                self._end_patience(slot, now)
            if slot.held is not None:
                self._tend_held(slot, slot.held, now)

    def wake_at(self) -> float:
        """Return when something is due next."""
        due = [slot.due for slot in self.slots]
        due += [min(slot.lease_until, self._alarm_at(slot, slot.held)) for slot in self.slots if slot.held is not None]
        return min(due)

    def _end_patience(self, slot: Slot, now: float) -> None:
        if slot.phase in (Phase.STARTING, Phase.READY):
            say(f"the keeper of slot {slot.number} does not answer and is replaced")
            self.give_up(slot)
        elif slot.phase is Phase.ABSENT:
            self._replace(slot, now)

    def _tend_held(self, slot: Slot, held: Held, now: float) -> None:
        if now >= self._alarm_at(slot, held):
            self._tell_condition(held, "kill_failed")
        if now >= slot.lease_until:
            slot.stopped_by, slot.lease_until = "not_renewed", inf
            self.stop(slot, slot.grace, now)

    def _alarm_at(self, slot: Slot, held: Held) -> float:
        """Return when to say that an attempt without a keeper that is ready cannot be killed."""
        waits = slot.phase is not Phase.READY and not held.condition and not slot.finished
        return slot.lost_at + _UNKILLABLE_AFTER if waits else inf

    def _replace(self, slot: Slot, now: float) -> None:
        """Give the slot a keeper, once nothing is left of what an earlier one hosted; as a uid of its own it sees to that itself."""
        if slot.identity.uid is None and not self._emptied(slot):
            slot.due = now + _LOOK_AGAIN
        else:
            self._fork(slot, now)

    def _fork(self, slot: Slot, now: float) -> None:
        try:
            started = fork_keeper(slot)
        except OSError as error:
            say(f"no keeper for slot {slot.number}: {error}")
            slot.due = now + _RETRY
            return
        self._commit.loose(keeper_record(slot.number, started))

    def _emptied(self, slot: Slot) -> bool:
        """Kill what dead keepers have left; tell whether there was nothing."""
        left = kill_orphans([other.keeper.pid for other in self.slots if other.keeper is not None])
        return (slot.group is None or slot.group.empty(0.0)) and not left

    def _hear(self, slot: Slot, packet: Packet) -> None:
        match packet.kind:
            case "ready":
                self._ready(slot)
            case "failed":
                say(f"the keeper of slot {slot.number} failed: {packet.fields.get('detail')}")
            case "started":
                self._started(slot, packet)
            case "log_file":
                self._open_log_file(slot, packet)
            case "over":
                slot.over = True
                self._open_segment(slot)
            case "condition" if slot.held is not None:
                slot.due = inf  # it answers; what it hosts cannot be killed
                self._tell_condition(slot.held, read.text(packet.fields, "condition"))
            case "ended" if slot.held is not None and slot.end is None:
                self._ended(slot, slot.held, packet)
            case "clean" | "spoilt":
                self._clean(slot, spoilt=packet.kind == "spoilt")
            case unknown:
                raise read.FieldWrong(f"it said {unknown!r}")

    def _ready(self, slot: Slot) -> None:
        slot.phase, slot.worked = Phase.READY, True
        if slot.given:
            return
        slot.due = inf
        slot.dropping = False
        remove_emptied(slot, os.listdir(slot.directory))  # noqa: PTH208 - names only
        if slot.end is not None:
            self._told_clean(slot, slot.end)
        elif slot.held is not None:
            self._record(slot, End(lost_outcome(slot.held, "keeper_died"), clean=True))
            if slot.passing:
                self.give_up(slot)

    def _started(self, slot: Slot, packet: Packet) -> None:
        held, pid = slot.held, read.whole(packet.fields, "pid", 1, 1 << 22)
        found = process(pid)
        if held is not None and found is not None:
            self._commit.loose(pid_record(held, Started(pid, found.ticks)))

    def _open_log_file(self, slot: Slot, packet: Packet) -> None:
        stream = read.one_of(packet.fields, "stream", STREAMS)
        if slot.sensor and stream == "stdout":
            slot.waits_for = read.whole(packet.fields, "place", 0, 1 << 40)
            self._open_segment(slot)
            return
        names = _log_files(stream, read.whole(packet.fields, "place", WAYPOINTS, MOST_SEGMENTS - 1))
        opened: list[int] = []
        try:
            if slot.held is not None:
                opened.extend(open_log_file(slot.held.log_directory, name) for name in names)
        except OSError as error:
            say(f"no log file for slot {slot.number}: {error}")
            for descriptor in opened:
                os.close(descriptor)
            opened.clear()
        self.send(slot, "log_file", {"stream": stream}, descriptors=opened)

    def trim(self, run: str, before: int) -> None:
        """Remove what the agent has consumed of a sensor's spool, and let the sensor go on if it waited for that."""
        self._spools.trim(run, before)
        for slot in self.slots:
            if slot.held is not None and slot.held.execution == run and slot.waits_for is not None:
                self._open_segment(slot)

    def unspool(self, run: str) -> None:
        """Remove the spool of a sensor that has ended."""
        self._spools.remove(run)

    def _open_segment(self, slot: Slot) -> None:
        """Give a sensor's keeper the segment that it waits for, if its spool has room, or if it has ended and this is what is left."""
        if slot.held is None or slot.waits_for is None or not (slot.over or self._spools.segments(slot.held.execution) < slot.segments):
            return
        opened: list[int] = []
        try:
            opened.append(self._spools.open_segment(slot.held.execution, slot.waits_for))
        except OSError as error:
            say(f"no room in the spool of slot {slot.number}: {error}")
        slot.waits_for = None
        self.send(slot, "log_file", {"stream": "stdout"}, descriptors=opened)

    def _ended(self, slot: Slot, held: Held, packet: Packet) -> None:
        failpoint("a8")
        outcome = outcome_of(held, packet, slot.stopped_by)
        self._logged += outcome["stdout_bytes"] + outcome["stderr_bytes"]
        self._record(slot, End(outcome))

    def _clean(self, slot: Slot, *, spoilt: bool) -> None:
        """Hear that a keeper has left nothing of what it had hosted or prepared, as far as it could."""
        remove_emptied(slot, [slot.private])
        slot.due, slot.dropping = inf, False
        if spoilt:
            self.give_up(slot)
        if slot.end is not None:
            self._told_clean(slot, slot.end)

    def _record(self, slot: Slot, end: End) -> None:
        """Have an end recorded; what the slot's group has counted is asked for now, before anything else can run there."""
        slot.end, slot.lease_until, slot.waits_for, slot.over = end, inf, None, False
        if slot.group is not None:
            end.outcome["limit"] = slot.group.limit_hit()

        def done() -> None:
            end.durable = True
            self._tell_end(slot, end)

        self._commit.end(end.outcome, done)

    def _told_clean(self, slot: Slot, end: End) -> None:
        end.clean = True
        if slot.passing:
            self.give_up(slot)
        self._tell_end(slot, end)

    def _tell_end(self, slot: Slot, end: End) -> None:
        """Tell the agent, once there is nothing that could still go wrong."""
        if end.durable and end.clean:
            failpoint("a9")
            slot.held, slot.end, slot.stopped_by = None, None, ""
            self._push({"type": "ended", "outcome": end.outcome, "at": time.time()})

    def _unstarted(self, slot: Slot, detail: str) -> None:
        if slot.held is not None:
            remove_emptied(slot, [slot.private])
            self._record(slot, End(unstarted_outcome(slot.held, detail), clean=True))
        slot.phase, slot.due = Phase.ABSENT, inf

    def _tell_condition(self, held: Held, condition: str) -> None:
        held.condition = condition
        self._push({"type": "condition", "execution": held.execution, "attempt": held.attempt, "condition": condition})


def _log_files(stream: str, place: int) -> list[str]:
    """Return the names of what a keeper asks for at a place: the ring's first segment comes with the index."""
    if place == WAYPOINTS:
        return [waypoints_name(stream)]
    if place == HEAD:
        return [head_name(stream)]
    return [segment_name(stream, place), *([index_name(stream)] if place == 0 else [])]
