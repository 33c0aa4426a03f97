"""One attempt from preparation to its stored outcome; step 7 of design §4. At most one start per (execution, attempt), whatever crashes.

Lanes call `make` for an execution that may start and `resume` for one that an earlier life of the agent had asked for; the inbox calls
`cancel`. The order is fixed: prepare, store which executor is asked, ask, wait, judge, store the outcome with its report, let forget.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from attune_agent.endings import LOST_START, cancelled_unstarted, ending_of_refusal
from attune_agent.errors import StateUnwritable
from attune_agent.executor_errors import (
    AttemptUnknown,
    ExecutorIncompatible,
    ExecutorReplaced,
    ExecutorUnreachable,
    RequestMalformed,
    StartRefused,
)
from attune_agent.fifo import Fifo
from attune_agent.host import Ended, Greeting, Host, How, Kind, StartRequest
from attune_agent.ledger import Ledger
from attune_agent.policies import Policies
from attune_agent.results import Ending, ResultRules, for_people, judge, next_delay
from attune_agent.state.records import Item, Phase
from attune_core.errors import AttuneError
from attune_core.ports import Clock
from attune_core.states import Outcome, Reason
from attune_core.wire.frames import Assign, Policy

_log = structlog.get_logger(__name__)

#: A preparation that takes longer is reported, seconds.
_SLOW = 0.5
#: First and longest pause before a passing hindrance is tried again, seconds.
_HOLD, _HOLD_MOST = 0.2, 10.0
#: First and longest pause after the host could not start a process, seconds.
_EXCUSE, _EXCUSE_MOST = 1.0, 60.0


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Everything an attempt needs, in memory; `request` names no executor yet."""

    request: StartRequest
    rules: ResultRules


class Preparation(Protocol):
    """Pack, environment, secrets and input; its errors are those of `preparation_errors`."""

    async def prepare(self, assign: Assign, *, attempt: int, policy: Policy) -> Prepared:
        """Make the request of one attempt."""
        ...

    async def rules(self, assign: Assign) -> ResultRules:
        """Return only what the action's document says of its Result."""
        ...


class Attempts:
    """The attempts under way."""

    def __init__(self, *, fifo: Fifo, ledger: Ledger, host: Host, preparation: Preparation, policies: Policies, clock: Clock) -> None:
        """Take the parts."""
        self._fifo = fifo
        self._ledger = ledger
        self._host = host
        self._preparation = preparation
        self._policies = policies
        self._clock = clock
        self._preparing: dict[str, asyncio.Task[Prepared]] = {}
        self._holds: dict[str, int] = {}

    async def make(self, item: Item, *, asked_before: bool = False) -> None:
        """Make the attempt of an execution in phase `preparing`; it is settled, put off or held when this returns."""
        try:
            prepared = await self._prepare(item)
        except KeyError:
            return  # it could not be stored when it arrived; the controller sends it again
        except AttuneError as error:
            await self._refused(item, error)
            return
        if prepared is None:
            await self._ledger.settled(item, cancelled_unstarted(self._cancel(item)))
        else:
            await self._ask(item, prepared, asked_before=asked_before)

    async def resume(self, item: Item) -> None:
        """Go on with an attempt that an executor was asked for before this agent's life; nothing is started twice."""
        greeting, listed = await self._listing(item)
        if greeting.state_id != item.state_id:
            await self._end(item, LOST_START)
        elif item.phase is Phase.STARTED or (item.execution, item.attempt) in listed:
            await self._follow(self._ledger.started(item), None)
        else:  # asked, and unknown to the executor that was asked: it never started
            await self.make(self._ledger.closing(item), asked_before=True)

    async def cancel(self, execution: str, reason: Reason) -> bool:
        """Settle it without a start, or have its whole tree stopped; False when it is not in hand (settled, or never assigned)."""
        item = self._fifo.item(execution)
        if item is None:
            return False
        if item.phase is Phase.WAITING:
            await self._ledger.settled(self._ledger.closing(replace(item, cancel=reason)), cancelled_unstarted(reason))
            return True
        await self._ledger.cancelling(item, reason)
        if preparing := self._preparing.get(execution):
            preparing.cancel()
        elif item.phase is Phase.STARTED:
            await self._stop(item)
        return True

    async def _prepare(self, item: Item) -> Prepared | None:
        """Return what the attempt needs, None when it was cancelled meanwhile."""
        loop = asyncio.get_running_loop()
        slow = loop.call_later(_SLOW, self._ledger.preparing, item, "its pack and environment are being made ready")
        task = self._preparing[item.execution] = asyncio.create_task(self._prepare_from_body(item))
        try:
            return await task
        except asyncio.CancelledError:
            own = asyncio.current_task()
            if own is not None and own.cancelling():  # the program is ending
                raise
            return None
        finally:
            slow.cancel()
            del self._preparing[item.execution]

    async def _prepare_from_body(self, item: Item) -> Prepared:
        assign = await self._ledger.body(item)
        return await self._preparation.prepare(assign, attempt=item.attempt, policy=self._policies.of(item))

    async def _refused(self, item: Item, error: AttuneError) -> None:
        ending = ending_of_refusal(error)
        if ending is None:
            self._hold(item, error)
        else:
            await self._end(item, ending)

    async def _ask(self, item: Item, prepared: Prepared, *, asked_before: bool) -> None:
        try:
            greeting = await self._host.greeting()
            if self._cancel(item) is None:
                item = await self._ledger.asked(item, greeting)
        except KeyError:
            return  # as above
        except (StateUnwritable, ExecutorUnreachable, ExecutorIncompatible) as error:
            self._hold(item, error)
            return
        if (cancel := self._cancel(item)) is not None:
            await self._ledger.settled(item, cancelled_unstarted(cancel))
            return
        request = replace(prepared.request, state_id=greeting.state_id)
        if await self._start(item, request, asked_before=asked_before):
            await self._follow(self._ledger.started(item), prepared.rules)

    async def _start(self, item: Item, request: StartRequest, *, asked_before: bool) -> bool:
        """Ask until there is an answer; True when the start record is durable, else it is held or settled."""
        while True:
            try:
                await self._host.start(request)
            except ExecutorUnreachable:
                asked_before = True  # it may have been heard; the same request again is harmless
                await self._pause(item)
            except (StartRefused, ExecutorIncompatible) as error:
                self._hold(item, error)
                return False
            except ExecutorReplaced as error:
                if asked_before:
                    await self._end(item, LOST_START)
                else:
                    self._hold(item, error)
                return False
            except RequestMalformed as error:
                await self._end(item, Ending(outcome=Outcome.FAILED, reason=Reason.NOT_EXECUTABLE, detail=for_people(error.message)))
                return False
            else:
                self._holds.pop(item.execution, None)
                return True

    async def _follow(self, item: Item, rules: ResultRules | None) -> None:
        """Wait for the end, whoever restarts meanwhile, and store it."""
        if self._cancel(item) is not None:
            await self._stop(item)
        ended = await self._wait(item)
        if ended is None:
            await self._end(item, LOST_START)
            return
        if ended.how is How.NOT_STARTED:
            await self._excuse(item, ended)
        else:
            ending = judge(ended, rules or await self._rules(item), cancel=self._cancel(item))
            await self._end(item, ending)
        await self._forget(item)

    async def _wait(self, item: Item) -> Ended | None:
        while True:
            try:
                return await self._host.wait(item.execution, item.attempt)
            except ExecutorUnreachable:
                await self._pause(item)
            except AttemptUnknown:
                return None

    async def _listing(self, item: Item) -> tuple[Greeting, frozenset[tuple[str, int]]]:
        """Return which executor answers and the attempts it holds, however long it takes to reach it."""
        while True:
            try:
                greeting, listed = await self._host.greeting(), await self._host.listed()
            except (ExecutorUnreachable, ExecutorIncompatible):
                await self._pause(item)
            else:
                return greeting, frozenset((one.execution, one.attempt) for one in listed if one.kind is Kind.ATTEMPT)

    async def _rules(self, item: Item) -> ResultRules:
        """Return the Result's rules after a restart; the pack is on this disk, as the attempt started from it."""
        while True:
            try:
                return await self._preparation.rules(await self._ledger.body(item))
            except AttuneError as error:
                if ending_of_refusal(error) is not None:
                    _log.warning("a result is not checked: its pack is gone", execution=item.execution, error=str(error))
                    return ResultRules()
            await self._pause(item)

    async def _excuse(self, item: Item, ended: Ended) -> None:
        """The host had no process, memory or file for it: the next attempt number follows, and the policy does not count this one."""
        if (cancel := self._cancel(item)) is not None:
            await self._ledger.settled(item, cancelled_unstarted(cancel))
            return
        seconds = min(_EXCUSE * 2.0 ** min(item.excused, 16), _EXCUSE_MOST)
        detail = f"attempt {item.attempt} could not be started: {for_people(ended.detail)}"
        await self._ledger.put_off(item, seconds=seconds, excused=item.excused + 1, detail=detail)
        await self._cancel_if_asked(item)

    async def _end(self, item: Item, ending: Ending) -> None:
        """Store the end of an attempt: as the execution's, or as the reason of the next attempt."""
        retry = self._policies.of(item).retry
        delay = next_delay(retry, attempt=item.attempt - item.excused, outcome=ending.outcome)
        if delay is None or self._cancel(item) is not None:
            self._holds.pop(item.execution, None)
            await self._ledger.settled(item, ending)
            return
        reason = f" ({ending.reason.value})" if ending.reason else ""
        detail = f"attempt {item.attempt} {ending.outcome.value}{reason}; the next follows after {delay:g} s"
        await self._ledger.put_off(item, seconds=delay, excused=item.excused, detail=detail)
        await self._cancel_if_asked(item)

    async def _cancel_if_asked(self, item: Item) -> None:
        """Honour a cancellation that came while the end of the attempt was being stored."""
        if (cancel := self._cancel(item)) is not None:
            await self.cancel(item.execution, cancel)

    async def _stop(self, item: Item) -> None:
        while True:
            try:
                await self._host.stop(item.execution, item.attempt, grace=self._policies.of(item).grace)
            except ExecutorUnreachable:
                await self._pause(item)
            except AttemptUnknown:
                return  # `wait` says the same and settles it
            else:
                return

    async def _forget(self, item: Item) -> None:
        try:
            await self._host.forget(item.execution, item.attempt)
        except AttuneError as error:  # it is forgotten at the next start of the agent
            _log.warning("the executor keeps an outcome", execution=item.execution, error=str(error))

    def _hold(self, item: Item, error: AttuneError) -> None:
        _log.warning("an execution waits", execution=item.execution, code=error.code, error=for_people(error.message))
        self._ledger.hold(item, seconds=self._next_pause(item), note=for_people(error.message)[:200])

    async def _pause(self, item: Item) -> None:
        await self._clock.sleep(self._next_pause(item))

    def _next_pause(self, item: Item) -> float:
        tries = self._holds[item.execution] = self._holds.get(item.execution, -1) + 1
        return min(_HOLD * 2.0 ** min(tries, 16), _HOLD_MOST)

    def _cancel(self, item: Item) -> Reason | None:
        current = self._fifo.item(item.execution)
        return current.cancel if current is not None else item.cancel
