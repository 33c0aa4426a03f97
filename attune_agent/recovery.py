"""What the executor still holds and the agent does not: outcomes that were stored before they were forgotten, and attempts of a lost state.

Also how long a stored pause still lasts. Run once by `app` beside the lanes; the attempts in hand are resumed by the lanes themselves.
"""

from collections.abc import Callable
from dataclasses import replace

import structlog

from attune_agent.executor_errors import ExecutorIncompatible, ExecutorUnreachable
from attune_agent.fifo import Fifo
from attune_agent.host import AttemptState, Greeting, Host, Kind
from attune_agent.state.records import Item, Phase
from attune_core.errors import AttuneError
from attune_core.ports import Clock

_log = structlog.get_logger(__name__)

#: Pause between tries to reach the executor, seconds.
_PAUSE = 1.0


def waiting_again(item: Item, *, wall: float, monotonic: float, longest: float) -> Item:
    """Return an item as it waits after a restart.

    The stored wall clock is only a hint: the rest of a pause is at most `longest`, and an acceptance is never later than now.
    """
    age = max(wall - item.accepted, 0.0) if item.accepted > 0 else 0.0
    item = replace(item, accepted_at=monotonic - age)
    if item.phase is not Phase.WAITING or not item.not_before:
        return item
    rest = min(max(item.not_before - wall, 0.0), longest)
    return replace(item, ready_at=monotonic + rest, note="waits for its next attempt since before a restart of the agent")


async def await_executor(host: Host, clock: Clock) -> Greeting:
    """Return the executor's word about itself as soon as it can be reached, saying once that it cannot."""
    said = ""
    while True:
        try:
            return await host.greeting()
        except (ExecutorUnreachable, ExecutorIncompatible) as error:
            if str(error) != said:
                _log.warning("waiting for the executor", error=str(error), remedy=error.hint)
                said = str(error)
        await clock.sleep(_PAUSE)


async def sweep(host: Host, fifo: Fifo, *, hold_again: Callable[[str, str], bool]) -> None:
    """Let the executor forget what is stored here; what runs without being known here is left alone and named.

    What an earlier life of the agent started goes on holding the environment that it uses: `hold_again` gets execution and key.
    """
    try:
        for one in await host.listed():
            item = fifo.item(one.execution)
            if one.kind is not Kind.ATTEMPT:
                continue
            if item is not None and item.attempt == one.attempt:
                if one.uses and not hold_again(one.execution, one.uses):
                    _log.warning("an attempt runs in an environment that is gone", execution=one.execution, environment=one.uses)
                continue
            if one.state is AttemptState.ENDED:
                await host.forget(one.execution, one.attempt)
            else:
                _log.warning("an attempt runs that is not in hand", execution=one.execution, attempt=one.attempt)
    except AttuneError as error:  # it is tried again at the next start; nothing depends on it
        _log.warning("the executor could not be tidied", error=str(error))
