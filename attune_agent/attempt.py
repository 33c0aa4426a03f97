"""One attempt up to its start; step 7 of design §4. At most one start per (execution, attempt), whatever crashes.

Lanes call `make` for an execution that may start and `resume` for one that an earlier life of the agent had asked for. The order is fixed:
prepare, store which executor is asked, ask; then `following` waits for the end. Between the steps `withdrawals` may end it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from attune_agent.endings import LOST_START, ending_of_refusal, ending_of_unstartable
from attune_agent.errors import InputOnDisk, StateUnwritable
from attune_agent.executor_errors import (
    ExecutorIncompatible,
    ExecutorReplaced,
    ExecutorUnreachable,
    GrantMissing,
    RequestMalformed,
    StartRefused,
)
from attune_agent.following import Following
from attune_agent.host import Greeting, Host, Kind, StartRequest, Word
from attune_agent.ledger import Ledger
from attune_agent.pauses import Pauses
from attune_agent.policies import Policies
from attune_agent.results import ResultRules, for_people
from attune_agent.state.records import Item, Phase, QueueKey
from attune_agent.withdrawals import Withdrawals
from attune_core.errors import AttuneError
from attune_core.failpoints import failpoint
from attune_core.ports import Clock
from attune_core.wire.assignment import Assign, Policy

_log = structlog.get_logger(__name__)

#: A preparation that takes longer is reported, seconds.
_SLOW = 0.5


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Everything an attempt needs, in memory; `request` names no executor yet."""

    request: StartRequest
    rules: ResultRules
    #: The Input goes into a file and holds secrets: the file must not lie on a disk.
    only_in_memory: bool = False


@dataclass(frozen=True)
class _Asking:
    """Which executor is asked for an attempt; it may not begin before that is stored."""

    greeting: Greeting
    stored: asyncio.Future[None]


class _Withdrawn(Exception):
    """It is not to start any more."""


class _NeverStored(Exception):
    """It is not in hand: it could not be stored when it arrived."""


class Preparation(Protocol):
    """Pack, environment, secrets and input; its errors are those of `preparation_errors`."""

    async def prepare(self, assign: Assign, *, attempt: int, policy: Policy) -> Prepared:
        """Make the request of one attempt."""
        ...

    async def rules(self, assign: Assign) -> ResultRules:
        """Return only what the action's document says of its Result, and what is masked in it."""
        ...


class Attempts:
    """The attempts under way."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        host: Host,
        preparation: Preparation,
        policies: Policies,
        clock: Clock,
        closed: Callable[[QueueKey], str] = lambda _queue: "",
    ) -> None:
        """Take the parts; `closed` says why nothing of a queue may start now, "" when starts are allowed."""
        self._ledger = ledger
        self._host = host
        self._preparation = preparation
        self._policies = policies
        self._closed = closed
        self._pauses = Pauses(clock)
        self._following = Following(ledger=ledger, host=host, reader=preparation, policies=policies, pauses=self._pauses)
        self.withdrawals = Withdrawals(ledger=ledger, following=self._following, policies=policies, clock=clock)

    async def make(self, item: Item) -> None:
        """Make the attempt of an execution in phase `preparing`; it is settled, put off or held when this returns."""
        try:
            asking = await self._asking(item)
            if asking is None:
                return
            prepared = await self._prepare(item)
        except KeyError:
            return  # it could not be stored when it arrived; the controller sends it again
        except (ExecutorUnreachable, ExecutorIncompatible) as error:
            self._hold(item, error)
            return
        except AttuneError as error:
            await self._refused(item, error)
            return
        if prepared is None:
            await self.withdrawals.leave(item)
        else:
            await self._ask(item, prepared, asking)

    async def resume(self, item: Item) -> None:
        """Go on with an attempt that an executor was asked for before this agent's life; nothing is started twice."""
        greeting, listed = await self._listing(item)
        failpoint("a13")
        if greeting.state_id != item.state_id:
            await self._following.end(item, LOST_START)
        elif item.phase is Phase.STARTED or (item.execution, item.attempt) in listed:
            await self._following.follow(self._ledger.started(item), None)
        else:  # asked, and unknown to the executor that was asked: it never started, and is admitted anew
            self._ledger.hold(item, seconds=0.0, note="")

    async def _prepare(self, item: Item) -> Prepared | None:
        """Return what the attempt needs, None when it was withdrawn meanwhile."""
        loop = asyncio.get_running_loop()
        slow = loop.call_later(_SLOW, self._ledger.preparing, item, "its pack and environment are being made ready")
        try:
            return await self.withdrawals.unless_withdrawn(item, self._prepare_from_body(item))
        finally:
            slow.cancel()

    async def _prepare_from_body(self, item: Item) -> Prepared:
        assign = await self._ledger.body(item)
        return await self._preparation.prepare(assign, attempt=item.attempt, policy=self._policies.of(item))

    async def _refused(self, item: Item, error: AttuneError) -> None:
        ending = ending_of_refusal(error)
        if ending is None:
            self._hold(item, error)
        else:
            await self._following.end(item, ending)

    async def _asking(self, item: Item) -> _Asking | None:
        """Begin to store which executor is asked, so that the attempt is prepared meanwhile, here and there; None: it has ended.

        Not of another one than was asked by an earlier life of the agent, and has not refused: that may have begun it.
        """
        greeting = await self._host.greeting()
        if item.state_id and greeting.state_id != item.state_id:
            await self._following.end(item, LOST_START)
            return None
        stored = self._ledger.asking(item, greeting)
        stored.add_done_callback(_looked_at)
        return _Asking(greeting, stored)

    async def _ask(self, item: Item, prepared: Prepared, asking: _Asking) -> None:
        try:
            if await self._host.greeting() != asking.greeting:  # the preparation may have taken minutes
                again = await self._asking(item)
                if again is None:
                    return
                asking = again
            if prepared.only_in_memory and not asking.greeting.inputs_in_memory:
                await self._refused(item, InputOnDisk())
                return
            if self.withdrawals.due(item):
                raise _Withdrawn
            if self._hindered(item):  # a pause or a lower limit came while it was prepared, which may have taken minutes
                self._ledger.hold(item, seconds=0.0, note="")
                return
            request = replace(prepared.request, state_id=asking.greeting.state_id)
            started = await self._start(item, request, lambda: self._word(item, asking))
        except _NeverStored:
            return  # as in `make`
        except _Withdrawn:
            await self.withdrawals.leave(item)
            return
        except (StateUnwritable, ExecutorUnreachable, ExecutorIncompatible) as error:
            self._hold(item, error)
            return
        if started:
            await self._following.follow(self._ledger.started(item), prepared.rules)

    async def _word(self, item: Item, asking: _Asking) -> None:
        """Return when the executor that prepares the attempt may begin it: which one that is, is on the disk, and nothing came between.

        What was said once stays said, whatever has come since.
        """
        if self._ledger.is_asked(item):
            return
        failpoint("a19")
        try:
            await asking.stored
        except KeyError as error:
            raise _NeverStored from error
        self._ledger.asked(item, asking.greeting)
        failpoint("a4")
        if self.withdrawals.due(item):
            raise _Withdrawn

    def _hindered(self, item: Item) -> bool:
        return bool(self._closed(item.queue)) or not self._ledger.has_room(item, self._policies.of(item).limit)

    async def _start(self, item: Item, request: StartRequest, word: Word) -> bool:
        """Ask until there is an answer; True when it has begun, else it is held or settled. What the word raises, it raises."""
        asked_before = bool(item.state_id)  # by an earlier life of the agent, and not refused
        while True:
            try:
                await self._host.start(request, word)
            except ExecutorUnreachable:
                asked_before = True  # it may have been heard; the same request again is harmless
                await self._pauses.wait(item)
            except ExecutorIncompatible:
                await self._pauses.wait(item)  # an earlier request may have been heard by the one before it
            except StartRefused as error:
                self._hold(item, error, refused=True)
                return False
            except ExecutorReplaced as error:
                if asked_before:
                    await self._following.end(item, LOST_START)
                else:
                    self._hold(item, error, refused=True)
                return False
            except (GrantMissing, RequestMalformed) as error:
                await self._following.end(item, ending_of_unstartable(error))
                return False
            else:
                self._pauses.over(item)
                return True

    async def _listing(self, item: Item) -> tuple[Greeting, frozenset[tuple[str, int]]]:
        """Return which executor answers and the attempts it holds, however long it takes to reach it."""
        while True:
            try:
                greeting, listed = await self._host.greeting(), await self._host.listed()
            except (ExecutorUnreachable, ExecutorIncompatible):
                await self._pauses.wait(item)
            else:
                return greeting, frozenset((one.execution, one.attempt) for one in listed if one.kind is Kind.ATTEMPT)

    def _hold(self, item: Item, error: AttuneError, *, refused: bool = False) -> None:
        _log.warning("an execution waits", execution=item.execution, code=error.code, error=for_people(error.message))
        self._ledger.hold(item, seconds=self._pauses.next(item), note=for_people(error.message)[:200], refused=refused)


def _looked_at(stored: asyncio.Future[None]) -> None:
    """See how it went, also if the preparation has failed and nobody waits for it."""
    if not stored.cancelled():
        stored.exception()
