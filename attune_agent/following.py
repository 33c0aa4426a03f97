"""From a start to a stored outcome: wait for the end whoever restarts meanwhile, judge it, store it, let the executor forget it.

Called by `attempt` once a start record is durable; ends in the ledger, as the execution's outcome or as the reason of its next attempt.
"""

from dataclasses import replace
from typing import Protocol

import structlog

from attune_agent.endings import LOST_START, cancelled_unstarted, ending_of_refusal
from attune_agent.executor_errors import AttemptUnknown, ExecutorUnreachable
from attune_agent.host import Ended, Host, How, Result, ResultState
from attune_agent.ledger import Ledger
from attune_agent.pauses import Pauses
from attune_agent.policies import Policies
from attune_agent.results import Ending, ResultRules, for_people, judge, next_delay
from attune_agent.state.records import Item
from attune_core.errors import AttuneError
from attune_core.failpoints import failpoint
from attune_core.wire.assignment import Assign

_log = structlog.get_logger(__name__)

#: First and longest pause after the host could not start a process, seconds.
_EXCUSE, _EXCUSE_MOST = 1.0, 60.0


class RulesReader(Protocol):
    """Says how an attempt's Result is judged and masked; `preparation.Preparation` is the real one."""

    async def rules(self, assign: Assign) -> ResultRules:
        """Return the rules."""
        ...


class Following:
    """The second half of every attempt."""

    def __init__(self, *, ledger: Ledger, host: Host, reader: RulesReader, policies: Policies, pauses: Pauses) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._host = host
        self._reader = reader
        self._policies = policies
        self._pauses = pauses

    async def follow(self, item: Item, rules: ResultRules | None) -> None:
        """Wait for the end and store it; `rules` None: they are read from the pack when they are needed (after a restart)."""
        if self._ledger.cancelled(item) is not None:
            await self.stop(item)
        failpoint("a7")
        ended = await self._wait(item)
        failpoint("a14")
        if ended is None:
            await self.end(item, LOST_START)
            return
        if ended.how is How.NOT_STARTED:
            await self._excuse(item, ended)
        else:
            rules = rules or await self._rules(item)
            if rules is None:  # nobody knows any more what of it is secret
                rules, ended = ResultRules(), replace(ended, result=Result(state=ResultState.MISSING))
            await self.end(item, judge(ended, rules, cancel=self._ledger.cancelled(item)))
        failpoint("a15")
        await self._forget(item)

    async def end(self, item: Item, ending: Ending) -> None:
        """Store the end of an attempt: as the execution's, or as the reason of the next attempt at the same or at a new place."""
        retry = self._policies.of(item).retry
        delay = next_delay(retry, attempt=item.attempt - item.excused, outcome=ending.outcome)
        self._pauses.over(item)
        if delay is None or ending.final or self._ledger.cancelled(item) is not None:
            await self._ledger.settled(item, ending)
            return
        reason = f" ({ending.reason.value})" if ending.reason else ""
        detail = f"attempt {item.attempt} {ending.outcome.value}{reason}; the next follows after {delay:g} s"
        if retry.place == "tail":
            await self._ledger.given_back(item, attempts=item.attempt, detail=f"{detail}, at the end of its queue")
            return
        await self._put_off(item, seconds=delay, excused=item.excused, detail=detail)

    async def stop(self, item: Item) -> None:
        """Have the whole tree ended, as soon as the executor can be told."""
        while True:
            try:
                await self._host.stop(item.execution, item.attempt, grace=self._policies.of(item).grace)
            except ExecutorUnreachable:
                await self._pauses.wait(item)
            except AttemptUnknown:
                return  # `wait` says the same and settles it
            else:
                return

    async def _wait(self, item: Item) -> Ended | None:
        while True:
            try:
                return await self._host.wait(item.execution, item.attempt)
            except ExecutorUnreachable:
                await self._pauses.wait(item)
            except AttemptUnknown:
                return None

    async def _rules(self, item: Item) -> ResultRules | None:
        """Return the Result's rules after a restart; the pack is on this disk, as the attempt started from it.

        None: it, or a secret, is gone.
        """
        while True:
            try:
                return await self._reader.rules(await self._ledger.body(item))
            except AttuneError as error:
                if ending_of_refusal(error) is not None:
                    _log.warning("a result is left out: its pack or a secret is gone", execution=item.execution, error=str(error))
                    return None
            await self._pauses.wait(item)

    async def _excuse(self, item: Item, ended: Ended) -> None:
        """The host had no process, memory or file for it: the next attempt number follows, and the policy does not count this one."""
        if (cancel := self._ledger.cancelled(item)) is not None:
            await self._ledger.settled(item, cancelled_unstarted(cancel))
            return
        seconds = min(_EXCUSE * 2.0 ** min(item.excused, 16), _EXCUSE_MOST)
        detail = f"attempt {item.attempt} could not be started: {for_people(ended.detail)}"
        await self._put_off(item, seconds=seconds, excused=item.excused + 1, detail=detail)

    async def _put_off(self, item: Item, *, seconds: float, excused: int, detail: str) -> None:
        await self._ledger.put_off(item, seconds=seconds, excused=excused, detail=detail)
        # A cancellation may have come while that was being stored.
        if (cancel := self._ledger.cancelled(item)) is not None:
            await self._ledger.settled(self._ledger.closing(item), cancelled_unstarted(cancel))

    async def _forget(self, item: Item) -> None:
        try:
            await self._host.forget(item.execution, item.attempt)
        except AttuneError as error:  # it is forgotten at the next start of the agent
            _log.warning("the executor keeps an outcome", execution=item.execution, error=str(error))
