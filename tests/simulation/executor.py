"""A simulated host's executor: the real ledger, group commit, journal frames and course, over simulated processes and a simulated disk.

`host` is the agent's way to it. Its journal survives it; whoever comes after it reads that, ends what is left of its trees, and only then
answers. What keepers do is done here; what the kernel does is in `processes`.
"""

import asyncio
import errno
import random
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import TypeVar, TypeVarTuple, Unpack

from attune_agent.executor.commit import GroupCommit, PendingStart
from attune_agent.executor.course import Course, Step
from attune_agent.executor.fields import Fields
from attune_agent.executor.frames import decode_segment, encode_frame, encode_header
from attune_agent.executor.journal import Journal, JournalFull
from attune_agent.executor.ledger import Held, Ledger, forget_record
from attune_agent.executor.outcomes import lost_outcome
from attune_agent.executor.protocol import OutcomeMessage
from attune_agent.executor.words import Awaiting, Word, Words
from attune_agent.executor_errors import AttemptUnknown, ExecutorReplaced, ExecutorUnreachable, RequestMalformed, StartRefused
from attune_agent.executor_messages import read_ended
from attune_agent.host import AttemptState, Ended, StartReply, StartRequest
from attune_core.failpoints import failpoint
from tests.simulation.life import Life
from tests.simulation.loop import VirtualLoop
from tests.simulation.processes import Behaviour, Key, Process, Witness

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: Seconds of a group commit.
_COMMIT = (0.0003, 0.01)


class HostDisk:
    """What of an executor survives it: its journal, and the processes of a host that is up."""

    def __init__(self, seed: str, slots: int) -> None:
        self.journal = encode_header(1)
        self.state_id = "state-1"
        self.slots = slots
        self.full = False
        self.processes: dict[Key, Process] = {}
        self.random = random.Random(seed)
        self.lives = 0

    def replace(self) -> None:
        """Lose the state directory."""
        self.journal = encode_header(1)
        self.state_id += "+"


class _SimulatedJournal(Journal):
    """The frames of the real journal, in memory; a death in the middle of a write leaves a torn one."""

    def __init__(self, disk: HostDisk, life: Life) -> None:
        self._disk, self._life = disk, life

    def append(self, records: Sequence[Fields], *, durable: bool) -> None:  # noqa: ARG002 - what is not durable may be lost, and need not be
        frame = encode_frame(records)
        before = self._disk.journal
        self._disk.journal = before + frame[: self._disk.random.randrange(len(frame))]
        self._life.reach("journal before")
        self._disk.journal = before
        if self._disk.full:
            raise JournalFull(errno.ENOSPC, "No space left on device")
        self._disk.journal = before + frame
        self._life.reach("journal after")


class _Hosted:
    """A keeper's work for one attempt."""

    def __init__(self, held: Held, process: Process, course: Course, began: float) -> None:
        self.held, self.process, self.course, self.began = held, process, course, began
        self.alarm: asyncio.TimerHandle | None = None


class Executor:
    """One life of an executor."""

    def __init__(self, loop: VirtualLoop, life: Life, disk: HostDisk, witness: Witness) -> None:
        self.life, self._loop, self._disk, self._witness = life, loop, disk, witness
        self._ledger = Ledger()
        self._commit = GroupCommit(_SimulatedJournal(disk, life), self._ledger)
        self._hosted: dict[Key, _Hosted] = {}
        self._starting: dict[Key, None] = {}
        self._words = Words()
        self._waiting: dict[Key, list[asyncio.Future[Ended]]] = {}
        self._scheduled = False
        #: It answers from here on.
        self.ready = False
        disk.lives += 1
        self.name = f"life-{disk.lives}"
        self.state_id = disk.state_id
        self._later(0.02, self._begin)

    @property
    def slots(self) -> int:
        return self._disk.slots

    def start(self, request: StartRequest, asker: object = None) -> asyncio.Future[StartReply]:
        """Answer as `starting` does: known, refused, or recorded and begun; at the word of the asker, if there is one."""
        key = (request.execution, request.attempt)
        told = self._promise(StartReply)
        if key in self._words:
            raise StartRefused("it waits for its word")
        if (known := self._ledger.get(key)) is not None:
            told.set_result(StartReply(state=AttemptState(known.state), log_directory=""))
        elif request.state_id != self.state_id:
            raise ExecutorReplaced
        elif self._commit.is_pending(key) or len(self._hosted) + len(self._starting) >= self._disk.slots:
            raise StartRefused("no free slot")
        else:
            self._record_start(key, request, told, asker)
        return told

    def say(self, key: Key, word: Word, asker: object) -> None:
        """Hear whether a start that waits for that is to begin."""
        self._later(0.0, self._words.say, key, word, asker)

    def give_up(self, asker: object) -> None:
        """Hear that somebody is gone."""
        self._later(0.0, self._words.give_up, asker)

    def _record_start(self, key: Key, request: StartRequest, told: asyncio.Future[StartReply], asker: object) -> None:
        self._starting[key] = None
        held = Held(*key, "attempt", 1, "", request.uses or "")

        def begin() -> None:
            del self._starting[key]
            self._host(self._ledger.get(key) or held, request)
            failpoint("a6")
            _settle(told, StartReply(state=AttemptState.ACCEPTED, log_directory=""))

        def drop() -> None:
            self._commit.loose(forget_record(key))
            self._commit_soon()
            refuse("it was not to begin")

        def done() -> None:
            failpoint("a5")
            self.life.reach("start recorded")
            if asker is None:
                begin()
            else:
                self._words.recorded(key)

        def failed(detail: str) -> None:
            if asker is not None:
                self._words.failed(key)
            refuse(detail)

        def refuse(detail: str) -> None:
            del self._starting[key]
            if not told.done():
                told.set_exception(StartRefused(detail))

        if asker is not None:
            self._words.enter(key, Awaiting(asker, begin, drop))
        self._commit.start(PendingStart(held, done, failed))
        self._commit_soon()

    def stop(self, key: Key, grace: float) -> None:
        if self._ledger.get(key) is None:
            raise AttemptUnknown
        if (hosted := self._hosted.get(key)) is not None:
            hosted.course.stop(self._loop.time(), grace)
            self._step(hosted)

    def wait(self, key: Key) -> asyncio.Future[Ended]:
        held = self._ledger.get(key)
        if held is None:
            raise AttemptUnknown
        told = self._promise(Ended)
        if held.outcome is not None:
            told.set_result(read_ended(held.outcome))
        else:
            self._waiting.setdefault(key, []).append(told)
        return told

    def listed(self) -> Sequence[Held]:
        return list(self._ledger.all())

    def forget(self, key: Key) -> None:
        held = self._ledger.get(key)
        if held is not None and held.outcome is None:
            raise RequestMalformed("the attempt has not ended")
        if held is not None:
            self._commit.loose(forget_record(key))
            self._commit_soon()

    def kill_keeper(self) -> bool:
        """Let a keeper die, and what it hosts with it; False when there is none."""
        for hosted in self._hosted.values():
            if not hosted.course.kill_failed(self._loop.time()):
                hosted.process.ended = partial(self._lost, hosted)
                hosted.process.kill()
                return True
        return False

    def _begin(self) -> None:
        """Read the journal, end what an earlier life left, and answer from then on."""
        self.life.reach("executor begins")
        for record in decode_segment(self._disk.journal):
            self._ledger.apply(record)
        self._disk.journal = encode_header(1) + encode_frame([{"t": "life", "life": self.name, "boot": ""}, *self._ledger.restated()])
        left = [process for process in self._disk.processes.values() if process.tree_alive]
        for process in left:
            process.kill()
        self._later(0.01 if left else 0.0, self._settle_left)

    def _settle_left(self) -> None:
        for held in self._ledger.unended():
            self._end(held, self._unknown(held, "executor_died"))
        self.ready = True

    def _host(self, held: Held, request: StartRequest) -> None:
        key = (held.execution, held.attempt)
        now = self._loop.time()
        process = Process(self._loop, self._witness, key, Behaviour.read(request.input))
        self._disk.processes[key] = process
        hosted = self._hosted[key] = _Hosted(held, process, Course(now, request.timeout, request.grace), now)
        process.ended = lambda: self._later(0.0, self._heard, hosted)
        self._step(hosted)

    def _heard(self, hosted: _Hosted) -> None:
        if not hosted.process.main_alive:
            hosted.course.main_ended()
        self._step(hosted)

    def _step(self, hosted: _Hosted) -> None:
        """Do what the course says until it says to wait."""
        process, course = hosted.process, hosted.course
        if hosted.alarm is not None:
            hosted.alarm.cancel()
        if (hosted.held.execution, hosted.held.attempt) not in self._hosted:
            return
        step = course.step(self._loop.time(), pipes_held=process.tree_alive, tree_empty=not process.tree_alive)
        if step is Step.COLLECT:
            self._collect(hosted)
            return
        if step is Step.TERMINATE:
            process.terminate()
        elif step is Step.KILL:
            process.kill()
        if step is Step.WAIT and course.wake_at < inf:
            hosted.alarm = self._later(max(course.wake_at - self._loop.time(), 0.0), self._step, hosted)
        elif step is not Step.WAIT:
            self._later(0.0, self._step, hosted)

    def _collect(self, hosted: _Hosted) -> None:
        process, cause = hosted.process, hosted.course.cause
        outcome = self._unknown(hosted.held, "")
        outcome["how"] = cause or ("exited" if process.signal is None else "signalled")
        outcome["exit_code"], outcome["signal"] = process.exit_code, process.signal
        outcome["duration"] = self._loop.time() - hosted.began
        self._over(hosted, outcome)

    def _lost(self, hosted: _Hosted) -> None:
        if self.life.alive and not hosted.process.tree_alive:
            self._over(hosted, self._unknown(hosted.held, "keeper_died"))

    def _unknown(self, held: Held, detail: str) -> OutcomeMessage:
        outcome = lost_outcome(held, detail)
        outcome["ended_at"] = self._loop.time()  # this host has no other clock
        return outcome

    def _over(self, hosted: _Hosted, outcome: OutcomeMessage) -> None:
        key = (hosted.held.execution, hosted.held.attempt)
        if self._hosted.pop(key, None) is not None:
            del self._disk.processes[key]
            self._end(hosted.held, outcome)

    def _end(self, held: Held, outcome: OutcomeMessage) -> None:
        failpoint("a8")

        def done() -> None:
            failpoint("a9")
            self.life.reach("end recorded")
            for told in self._waiting.pop((held.execution, held.attempt), []):
                _settle(told, read_ended(dict(outcome)))

        self._commit.end(outcome, done)
        self._commit_soon()

    def _commit_soon(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._later(self._disk.random.uniform(*_COMMIT), self._commit_now)

    def _commit_now(self) -> None:
        self._scheduled = False
        self._commit.commit(self._loop.time())
        if self._commit.wake_at < inf:
            self._scheduled = True
            self._later(max(self._commit.wake_at - self._loop.time(), 0.01), self._commit_now)

    def _promise(self, _kind: type[T]) -> asyncio.Future[T]:
        """Return a future that breaks when this life does."""
        told: asyncio.Future[T] = asyncio.Future(loop=self._loop)
        self.life.program.mourners[told] = lambda: _break(told)
        told.add_done_callback(lambda done: self.life.program.mourners.pop(done, None))
        return told

    def _later(self, seconds: float, then: Callable[[Unpack[Ts]], object], *args: *Ts) -> asyncio.TimerHandle:
        return self._loop.call_later(seconds, self._if_alive, then, *args, context=self.life.program.context)

    def _if_alive(self, then: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        if self.life.alive:
            then(*args)


def _break(told: "asyncio.Future[T]") -> None:
    if not told.done():
        told.set_exception(ExecutorUnreachable())
        told.exception()  # seen, whether or not anybody still waits


def _settle(told: "asyncio.Future[T]", value: T) -> None:
    if not told.done():
        told.set_result(value)
