"""Merging: after the store came out of a backup, each agent says what it holds, and only then is anything handed over to it (G18).

Called by `sessions/routes` for POST /agent/v1/inventory, before a session's stream. What the agent holds is taken over. What the backup
believes to be the agent's, and it once had and no longer holds, has ended in the lost time: nobody knows how, so it is `lost`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import structlog

from attune_controller.completion import completion
from attune_controller.errors import FrameRefused
from attune_controller.sessions.session import Session
from attune_controller.store.ports.upkeep import Merges
from attune_controller.store.records.agents import Held, Unmerged
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import FLEET, Execution, Move, NewExecution, QueueKey
from attune_core.ports import Clock
from attune_core.safe_text import safe_text
from attune_core.states import Outcome, Reason, State
from attune_core.wire.inventory import InHand, Inventory

SOURCE = "attune:restore"
#: Beyond the backup's last number no controller comes in the time that was lost, nor to such a place or attempt in all its life.
NUMBERS, PLACES = 1_000_000_000, 2**53
#: Agents forget queues that were not used for 30 days; a day is for clocks that differ. Seconds.
QUEUES_KEPT = 29 * 86_400.0


class Merging:
    """Takes inventories."""

    def __init__(self, store: Merges, incarnation: Callable[[], str], clock: Clock, merged: Callable[[], None]) -> None:
        """Take the store and its identity; `merged` wakes the planner, for what was lost is an event."""
        self._store, self._incarnation, self._clock, self._wake = store, incarnation, clock, merged
        self._log = structlog.get_logger("merging")

    async def take(self, session: Session, page: Inventory) -> None:
        """Store one page; the last one merges the agent."""
        unmerged = (await self._store.unmerged()).get(session.name)
        if unmerged is None:
            return  # a page that was sent again
        held = [one for one in page.in_hand if one.assign.queue.place in {session.name, FLEET}]
        lasts, now = session.held(), self._clock.now()
        check_plausible(unmerged, held, lasts)
        await self._store.take_over(session.name, [taken_over(session.name, one, now) for one in held], self._event(session.name, now))
        session.inventoried.update(one.assign.execution for one in held)
        if not page.complete:
            return
        session.inventoried.update(page.reported)
        end = end_of_unknown(unmerged, session.inventoried, lasts, anew=unmerged.instance not in {"", session.hello.instance}, now=now)
        departure = await self._store.merge(session.name, lasts, end, theirs=session.inventoried)
        session.unmerged = False
        self._wake()
        self._log.warning("agent_merged", agent=session.name, instance=safe_text(session.hello.instance, limit=40), lost=departure.ended)

    def _event(self, agent: str, now: float) -> NewEvent:
        """Return the event that what was not known here is said to come of; one for each agent and restore."""
        return NewEvent(
            source=SOURCE,
            id=f"{self._incarnation()}-{agent}",
            type="core.agent_merged",
            subject=agent,
            time=now,
            received_at=now,
            data={"agent": agent, "incarnation": self._incarnation()},
        )


def check_plausible(unmerged: Unmerged, held: Sequence[InHand], lasts: Sequence[Held]) -> None:
    """Refuse what no controller can have given: numbers and places go on from what is taken over, and must not come to their end."""
    said = [(one.assign.epoch, one.assign.sequence, one.attempt) for one in held] + [(one.epoch, one.last) for one in lasts]
    if any(one.assign.number > unmerged.numbers + NUMBERS for one in held) or any(
        not 0 <= one <= PLACES for place in said for one in place
    ):
        raise FrameRefused("an inventory with a number or a place that was never given")


def taken_over(agent: str, one: InHand, now: float) -> Execution:
    """Return the execution that an agent holds as this store would have it; what only the lost time knew (rule, match) is empty."""
    assign = one.assign
    fleet = assign.queue.place == FLEET
    new = NewExecution(
        id=assign.execution,
        event=0,
        rule="",
        action=assign.action,
        pack=assign.pack,
        digest=assign.digest,
        revision=assign.revision,
        input=dict(assign.input),
        secrets=dict(assign.secrets),
        key=assign.queue.key,
        match={},
        agent=agent,
        accepted_at=max(now - assign.age, 0.0),
        hops=0,
        traceparent=assign.traceparent,
        rate_key=assign.rate_key,
        fleet=fleet,
    )
    state = State.STARTED if one.started else State.PREPARING if one.attempt > 1 else State.ASSIGNED
    return Execution(
        new=new,
        number=assign.number,
        agent=agent,
        epoch=assign.epoch,
        sequence=assign.sequence,
        state=state,
        handed=True,
        cancelling=False,
        attempt=0 if state is State.ASSIGNED else one.attempt,
    )


def end_of_unknown(
    unmerged: Unmerged, known: set[str], lasts: Sequence[Held], *, anew: bool, now: float
) -> Callable[[Execution], Move | None]:
    """Return how each execution of the backup ends; None: the agent has it, has its report, or never got it."""
    had: Mapping[tuple[QueueKey, int], int] = {(one.queue, one.epoch): one.last for one in lasts}

    def end(execution: Execution) -> Move | None:
        if execution.new.id in known or execution.number > unmerged.numbers:
            return None
        last = had.get((execution.queue, execution.epoch))
        # An agent that says nothing of a queue never had it, or has not used it for so long that it has forgotten it.
        forgotten = last is None and execution.new.accepted_at < now - QUEUES_KEPT
        if not anew and not forgotten and execution.sequence > (last or 0):
            return None
        return lost(execution, now, f"it may have run on {execution.agent} after the backup was made")

    return end


def lost(execution: Execution, now: float, detail: str) -> Move:
    """Return the end of one of which nobody knows whether it started."""
    move = Move(
        execution=execution.new.id,
        attempt=execution.attempt,
        state=State.SETTLED,
        at=now,
        outcome=Outcome.LOST,
        reason=Reason.START_UNKNOWN,
        detail=detail,
    )
    return replace(move, completion=completion(execution, move, now))
