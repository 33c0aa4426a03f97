"""A Host whose attempts end when the test says so, a Preparation that needs no disk, and a clock that stands still.

The Host keeps the executor's promise (at most one start per attempt, outcomes held until forgotten) and a witness of every start, so order
and once-ness are judged by what it saw and not by the agent's own state.
"""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from attune_agent.attempt import Prepared
from attune_agent.executor_errors import AttemptUnknown, ExecutorReplaced, ExecutorUnreachable, StartRefused
from attune_agent.host import (
    AttemptState,
    Ended,
    Greeting,
    How,
    Kind,
    Listed,
    Mode,
    Result,
    ResultState,
    StartReply,
    StartRequest,
    Word,
)
from attune_agent.results import ResultRules
from attune_core.errors import AttuneError
from attune_core.wire.assignment import Assign, Policy

Key = tuple[str, int]


class StillClock:
    """Time passes only through `advance`."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> float:
        return 1_700_000_000.0 + self.seconds

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.seconds + seconds, self._count, future))
        await future

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        while self._waiting and self._waiting[0][0] <= self.seconds:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)


@dataclass
class ScriptedHost:
    """An executor in memory; it outlives the agent under test."""

    state_id: str = "journal-1"
    slots: int = 64
    inputs_in_memory: bool = True
    witness: list[Key] = field(default_factory=list)
    requests: dict[Key, StartRequest] = field(default_factory=dict)
    ended: dict[Key, Ended] = field(default_factory=dict)
    forgotten: set[Key] = field(default_factory=set)
    stopped: list[Key] = field(default_factory=list)
    #: Raised by the next calls of `start`, one each; None starts and then loses the answer.
    troubles: list[AttuneError | None] = field(default_factory=list)
    away: bool = False
    #: A stop ends what runs at once.
    stops: bool = True
    #: Ends an attempt at once when it returns something.
    script: Callable[[StartRequest], How | None] = lambda _request: None
    #: Told of every real start, before it.
    watch: Callable[[StartRequest], None] = lambda _request: None
    _waiting: dict[Key, list[asyncio.Future[Ended]]] = field(default_factory=dict)

    @property
    def running(self) -> list[Key]:
        return [key for key in self.requests if key not in self.ended]

    def started(self, attempt: int = 1) -> list[str]:
        return [execution for execution, number in self.witness if number == attempt]

    def finish(self, execution: str, attempt: int = 1, how: How = How.EXITED, code: int | None = 0, body: bytes | None = None) -> None:
        key = (execution, attempt)
        state = ResultState.MISSING if body is None else ResultState.OK
        ended = self.ended[key] = Ended(
            execution=execution,
            attempt=attempt,
            how=how,
            exit_code=code if how is How.EXITED else None,
            signal=None,
            detail=how.value,
            result=Result(state=state, body=body or b""),
            stdout_bytes=0,
            stderr_bytes=0,
            log_directory="",
            started_at=1.0,
            ended_at=2.0,
            duration=1.0,
        )
        for future in self._waiting.pop(key, []):
            if not future.done():
                future.set_result(ended)

    def replace_state(self) -> None:
        """The executor's state directory is lost, and everything in it."""
        self.state_id += "+"
        self.requests.clear()
        self.ended.clear()
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_exception(AttemptUnknown())
        self._waiting.clear()

    async def greeting(self) -> Greeting:
        self._reach()
        return Greeting(
            protocol=1,
            state_id=self.state_id,
            life="life",
            mode=Mode.UNPRIVILEGED,
            slots=self.slots,
            inputs_in_memory=self.inputs_in_memory,
        )

    async def start(self, request: StartRequest, word: Word | None = None) -> StartReply:
        self._reach()
        if word is not None:
            await word()
        if self.troubles:
            trouble = self.troubles.pop(0)
            # What is held already is not refused, nor what was meant for another executor: that is said first.
            judged = (request.execution, request.attempt) in self.requests or request.state_id != self.state_id
            if trouble is not None and not (judged and isinstance(trouble, StartRefused)):
                raise trouble
            if request.state_id != self.state_id:
                raise ExecutorReplaced
            self._start(request)
            raise ExecutorUnreachable("the answer was lost")
        if request.state_id != self.state_id:
            raise ExecutorReplaced
        if len(self.running) >= self.slots:
            raise StartRefused("no free slot")
        return self._start(request)

    async def stop(self, execution: str, attempt: int, *, grace: float) -> None:  # noqa: ARG002 - the port's
        self._reach()
        key = (execution, attempt)
        if key not in self.requests:
            raise AttemptUnknown
        self.stopped.append(key)
        if self.stops and key not in self.ended:
            self.finish(execution, attempt, How.CANCELLED)

    async def wait(self, execution: str, attempt: int) -> Ended:
        self._reach()
        key = (execution, attempt)
        if key in self.ended:
            return self.ended[key]
        if key not in self.requests:
            raise AttemptUnknown
        future: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(future)
        return await future

    async def listed(self) -> tuple[Listed, ...]:
        self._reach()
        return tuple(
            Listed(
                execution=execution,
                attempt=attempt,
                kind=Kind.ATTEMPT,
                state=AttemptState.ENDED if (execution, attempt) in self.ended else AttemptState.RUNNING,
                condition="",
                log_directory="",
                uses=self.requests[execution, attempt].uses,
            )
            for execution, attempt in self.requests
        )

    async def forget(self, execution: str, attempt: int) -> None:
        self._reach()
        self.forgotten.add((execution, attempt))
        self.requests.pop((execution, attempt), None)
        self.ended.pop((execution, attempt), None)

    def _reach(self) -> None:
        if self.away:
            raise ExecutorUnreachable

    def _start(self, request: StartRequest) -> StartReply:
        key = (request.execution, request.attempt)
        if key not in self.requests:
            self.watch(request)
            self.requests[key] = request
            self.witness.append(key)
            if (how := self.script(request)) is not None:
                self.finish(*key, how)
        return StartReply(state=AttemptState.ACCEPTED, log_directory="")


@dataclass
class ScriptedPreparation:
    """Prepares at once, unless a gate or a trouble stands in the way."""

    prepared: list[Key] = field(default_factory=list)
    #: Raised for these executions, one after the other.
    troubles: dict[str, list[AttuneError]] = field(default_factory=dict)
    #: Preparations of these executions wait for the event.
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    result: ResultRules = field(default_factory=ResultRules)
    #: Inputs go into files and hold secrets.
    only_in_memory: bool = False
    #: Raised where only the Result's rules are asked for.
    unreadable: AttuneError | None = None
    #: How many turns of the loop a preparation takes.
    turns: Callable[[str], int] = lambda _execution: 0

    async def prepare(self, assign: Assign, *, attempt: int, policy: Policy) -> Prepared:
        for _ in range(self.turns(assign.execution)):
            await asyncio.sleep(0)
        if gate := self.gates.get(assign.execution):
            await gate.wait()
        if waiting := self.troubles.get(assign.execution):
            raise waiting.pop(0)
        self.prepared.append((assign.execution, attempt))
        request = StartRequest(
            execution=assign.execution,
            attempt=attempt,
            argv=("true",),
            env={},
            cwd="/",
            timeout=policy.timeout,
            grace=policy.grace,
            uses="0123456789abcdef",
        )
        return Prepared(request=request, rules=self.result, only_in_memory=self.only_in_memory)

    async def rules(self, assign: Assign) -> ResultRules:  # noqa: ARG002 - the port's
        if self.unreadable is not None:
            raise self.unreadable
        return self.result
