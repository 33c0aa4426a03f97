"""Dispatch: hands executions over on each agent's stream, in the order of their queues and within a window per queue.

One loop per open stream, started by sessions/stream and woken by planning (new work), by reports (room in a window) and by itself. The
store marks executions as handed before a frame is sent; what the agent did not acknowledge is sent again after its next hello, with
`after` chained from what it holds (G4). When a revision goes live, the policies that now hold are sent and removed actions are cancelled.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from attune_controller.cancellation import Cancellation, reason_of, send_cancel
from attune_controller.errors import SessionError
from attune_controller.policies import active_policy, policies_of, terms_of
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.removal import cancel_removed
from attune_controller.requeueing import ask_back
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.sessions.session import Session, name_of
from attune_controller.store.backlog import Returns
from attune_controller.store.ports.executions import Executions
from attune_controller.store.ports.queues import Queues
from attune_controller.store.records.queues import Handover, Terms
from attune_controller.waking import woken
from attune_core.catalog.catalog import Catalog
from attune_core.ports import Clock
from attune_core.states import State
from attune_core.values import canonical_json
from attune_core.wire.assignment import WINDOW_BYTES, WINDOW_EXECUTIONS, Assign, Policy
from attune_core.wire.stream_frames import Activate, ActivateFrame, AssignFrame

#: Executions taken from the store in one transaction, and read in one page.
TAKE, PAGE = 64, 500
#: The shortest wait for a rate, seconds.
SOON = 0.01


class DispatchStore(Queues, Executions, Returns, Protocol):
    """The part of the store that dispatch uses."""


class Dispatch:
    """The hand-over from queues to streams."""

    def __init__(
        self, store: DispatchStore, sessions: OpenSessions, active: ActiveCatalog, cancellation: Cancellation, clock: Clock
    ) -> None:
        """Take the store, who is there, what holds now, and who ends executions."""
        self._store, self._sessions, self._active, self._cancellation, self._clock = store, sessions, active, cancellation, clock
        self._terms: tuple[Catalog | None, Mapping[str, Terms]] = (None, {})
        self._policies: tuple[Catalog | None, dict[str, Policy]] = (None, {})
        self._log = structlog.get_logger("dispatch")

    async def serve(self, session: Session) -> None:
        """Hand over to one agent for as long as its stream is open."""
        await self._send(session, await self._store.resume_handovers(session.name, session.held()))
        await self._count_unstarted(session)
        for execution in await self._store.handed_cancels(session.name):
            send_cancel(session, execution.new.id, reason_of(execution, self._active.catalog))
        for execution in await self._store.asked_back(session.name):
            ask_back(session, execution.new.id)
        while True:
            session.work.clear()
            again_at = await self._hand_over(session)
            session.resting = True
            await woken(session.work, None if again_at is None else max(again_at - self._clock.now(), SOON))
            session.resting = False

    async def _count_unstarted(self, session: Session) -> None:
        """Let the session's window know what the agent got in earlier sessions."""
        for state in (State.ASSIGNED, State.PREPARING):
            before: int | None = None
            while page := await self._store.executions(before=before, limit=PAGE, state=state, agent=session.name):
                before = page[-1].number
                for execution in page:
                    session.window.handed(execution.new.id, execution.queue, len(canonical_json(dict(execution.new.input))))

    async def _hand_over(self, session: Session) -> float | None:
        """Hand over all there is now; return when a rate lets more go."""
        while True:
            await session.outbox.room()
            taken = await self._store.take_handovers(
                session.name,
                window=WINDOW_EXECUTIONS,
                window_bytes=WINDOW_BYTES,
                limit=TAKE,
                terms=self._terms_now(),
                now=self._clock.now(),
            )
            session.rated = taken.held
            await self._send(session, taken.handovers)
            if len(taken.handovers) < TAKE:
                return taken.again_at

    async def _send(self, session: Session, handovers: Sequence[Handover]) -> None:
        for handover in handovers:
            execution = handover.execution
            await session.outbox.room()
            session.remember(execution)
            session.actions.add(execution.new.action)
            session.sent.put(execution.queue, execution.epoch, execution.sequence)
            size = _put_assignment(session, assignment(handover, self._policy_now(execution.new.action), now=self._clock.now()))
            session.window.handed(execution.new.id, execution.queue, size)
            if execution.new.id in session.cancelled:
                # The cancel was sent while this hand-over was on its way out of the store.
                send_cancel(session, execution.new.id, session.cancelled[execution.new.id])
            if execution.new.id in session.asked_back:
                ask_back(session, execution.new.id)

    async def follow(self) -> None:
        """For ever: tell agents what a newly active revision changes for the work they hold, and end what it removed."""
        before: frozenset[str] | None = None
        seen = ""
        while True:
            seen = await self._active.changed(seen)
            for session in self._sessions:
                if session.streaming:
                    self._activate(session)
                    session.work.set()  # a larger limit, or another rate, may let more go
            actions = frozenset(self._active.catalog.actions if self._active.catalog else ())
            removed = None if before is None else sorted(before - actions)
            count = await cancel_removed(self._store, self._cancellation, seen, actions, removed)
            if count:
                self._log.info("removed_actions_cancelled", revision=seen, executions=count)
            before = actions

    def _activate(self, session: Session) -> None:
        body = Activate(revision=self._active.revision, policies=policies_of(self._active.catalog, session.actions))
        try:
            session.outbox.put(lambda n: ActivateFrame(n=n, body=body))
        except SessionError as error:
            session.end(error)

    def _policy_now(self, action: str) -> Policy:
        """Return the active revision's policy of an action, made once."""
        known, policies = self._policies
        if (catalog := self._active.catalog) is not known:
            policies = {}
            self._policies = catalog, policies
        if action not in policies:
            policies[action] = active_policy(catalog, action)
        return policies[action]

    def _terms_now(self) -> Mapping[str, Terms]:
        """Return the active revision's, made once."""
        known, terms = self._terms
        if (catalog := self._active.catalog) is not known:
            terms = {ref: terms_of(action) for ref, action in catalog.actions.items()} if catalog else {}
            self._terms = catalog, terms
        return terms


def _put_assignment(session: Session, body: Assign) -> int:
    return session.outbox.put(lambda n: AssignFrame(n=n, body=body))


def assignment(handover: Handover, policy: Policy, *, now: float) -> Assign:
    """Return the frame's body for one hand-over; it is made of what was checked when it was planned, and not checked again."""
    execution, new = handover.execution, handover.execution.new
    return Assign.model_construct(
        execution=new.id,
        number=execution.number,
        queue=name_of(execution.queue),
        epoch=execution.epoch,
        sequence=execution.sequence,
        after=handover.after,
        action=new.action,
        input=dict(new.input),
        secrets=dict(new.secrets),
        pack=new.pack,
        digest=new.digest,
        revision=new.revision,
        policy=policy,
        traceparent=new.traceparent,
        attempt=execution.attempt + 1,
        age=max(now - new.accepted_at, 0.0),
        rate_key=new.rate_key,
    )
