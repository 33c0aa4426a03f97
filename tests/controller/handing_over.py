"""A controller's real parts over a store, agents that are the real `judge` and Fifo, and a lossy wire between; for the hand-over's machine.

The controller is the Assembly: planner, dispatch, greeting, incoming frames, reports, departures. Only sockets are missing.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from attune_agent.fifo import Fifo
from attune_agent.inbox import Verdict, judge
from attune_agent.state.records import Item
from attune_agent.state.records import QueueKey as AgentQueue
from attune_controller.assembly import Assembly
from attune_controller.errors import SessionError, SessionOver
from attune_controller.packs import PackStore
from attune_controller.sessions.session import Session
from attune_controller.store.errors import AgentUnknown
from attune_controller.store.port import Store
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import Execution
from attune_core.catalog.catalog import Catalog
from attune_core.ports import SystemRandom
from attune_core.states import Outcome, Reason, State
from attune_core.wire.agent_frames import Ack, Report
from attune_core.wire.assignment import Assign, Policy
from attune_core.wire.session import HeldQueue, Hello
from attune_core.wire.stream_frames import ActivateFrame, AssignFrame, Cancel, CancelFrame, StreamFrame
from tests.controller.clocks import StandingClock
from tests.controller.live import Frame
from tests.controller.store.making import agent as enrolled

_FRAME: TypeAdapter[Frame] = TypeAdapter(StreamFrame)
#: The work of one `idle` on a store with threads: every round lets what was asked for before be answered.
ROUNDS = 6


class Order:
    """What the machine must never see; it trusts what agents appended and started, and compares with what the store says then."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self.limits = limits
        self.places: dict[tuple[AgentQueue, int, int], tuple[str, str]] = {}
        self.started: set[tuple[str, int]] = set()
        self.ends: dict[str, tuple[Outcome | None, Reason | None]] = {}
        self.positions: dict[str, Execution] = {}
        self.moved: set[str] = set()

    def appended(self, life: "Life", assign: Assign, stored: list[Execution]) -> None:
        place = AgentQueue.of(assign.queue), assign.epoch, assign.sequence
        assert place not in self.places, f"G4: {place} was appended as {self.places[place]} before"
        self.places[place] = life.instance, assign.execution
        skipped = [
            one.number
            for one in stored
            if (one.agent, one.epoch) == (life.name, assign.epoch)
            and (one.queue.place, one.new.action, one.new.key) == (assign.queue.place, assign.queue.action, assign.queue.key)
            and one.handed
            and one.state is not State.SETTLED
            and assign.after < one.sequence < assign.sequence
        ]
        assert not skipped, f"G4: a hole: {skipped} before {assign.sequence}"

    def starts(self, item: Item, stored: list[Execution], gone: set[str]) -> None:
        """`gone`: what this agent has ended or given back, whether it was heard or not."""
        key = item.execution, item.attempt
        assert key not in self.started, f"G5: {key} starts again"
        self.started.add(key)
        mine = next(one for one in stored if one.new.id == item.execution)
        before = [
            one
            for one in stored
            if one.queue == mine.queue
            and one.epoch == item.epoch
            and 0 < one.sequence < item.sequence
            and one.state is not State.SETTLED
            and not one.ready_at
            and one.new.id not in gone
        ]
        late = [one.number for one in before if not any(execution == one.new.id for execution, _ in self.started)]
        assert not late, f"G7: {mine.number} starts before {late}"
        assert len(before) < self.limits[mine.new.action], f"G7: {mine.number} starts beside {[one.number for one in before]}"

    def look(self, stored: list[Execution]) -> None:
        for one in stored:
            if one.state is State.SETTLED:
                end = self.ends.setdefault(one.new.id, (one.outcome, one.reason))
                assert end == (one.outcome, one.reason), f"G10: {one.number} ended twice"
            else:
                assert one.new.id not in self.ends, f"G10: {one.number} is back"
            was = self.positions.get(one.new.id)
            same = was is not None and (was.queue, was.epoch) == (one.queue, one.epoch) and was.sequence
            if was is not None and same and was.sequence != one.sequence:
                assert one.new.id in self.moved, f"G8: {one.number} went from {was.sequence} to {one.sequence}"
                assert one.sequence > was.sequence, "G8: a place was given again"
            self.positions[one.new.id] = one


@dataclass
class Life:
    """One life of one agent's disk: its queues, what it has to say, and what is on its way to it."""

    name: str
    instance: str
    fifo: Fifo = field(default_factory=Fifo)
    previous: str = ""
    session: Session | None = None
    serving: "asyncio.Task[None] | None" = None
    wire: list[Frame] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)
    unsaid: list[Report] = field(default_factory=list)
    said: list[Report] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    ahead: dict[str, Cancel] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    n: int = 0

    def say(self, item: Item, state: State, outcome: Outcome | None = None, reason: Reason | None = None) -> None:
        """Store a report; one that gives back counts the attempt that was made, if one was."""
        queued = state is State.QUEUED
        made = item.attempt - (queued and item.execution not in self.running)
        self.unsaid.append(
            Report(
                execution=item.execution,
                attempt=made,
                state=state,
                outcome=outcome,
                reason=reason,
                sequence=item.sequence if queued else 0,
                at=1.0,
            )
        )

    def cancelled(self, body: Cancel) -> None:
        item = self.fifo.item(body.execution)
        if item is None:
            self.ahead[body.execution] = body
        elif not body.requeue:
            self.end(item, Outcome.CANCELLED, body.reason)
        elif body.execution not in self.running:
            self.say(item, State.QUEUED)
            self.fifo.remove(item.execution)

    def again_at_the_tail(self, item: Item) -> None:
        """An attempt failed that is tried again at the tail."""
        self.say(item, State.QUEUED)
        self.running.discard(item.execution)
        self.fifo.remove(item.execution)

    def end(self, item: Item, outcome: Outcome, reason: Reason | None = None) -> None:
        self.say(item, State.SETTLED, outcome, reason)
        self.running.discard(item.execution)
        self.fifo.remove(item.execution)

    def next_start(self) -> Item | None:
        """Return what may start: heads only, within the limit."""
        for queue in self.fifo.queues():
            waiting = list(self.fifo.waiting(queue).values())
            running = [item for item in waiting if item.execution in self.running]
            free = [item for item in waiting if item.execution not in self.running]
            if free and len(running) < self.policies.get(queue.action, free[0].policy).limit:
                return free[0]
        return None


class World:
    """The controller, one current life per name, and those that are over but still speak."""

    def __init__(self, store: Store, catalog: Catalog, limits: Mapping[str, int]) -> None:
        self.store, self.clock = store, StandingClock()
        self.assembly = Assembly(store=store, clock=self.clock, random=SystemRandom(), agent_wait=600.0)
        self.assembly.active.swap(catalog)
        requests = self.assembly.requests(str, PackStore(Path("/nonexistent")))
        self.greeting, self.incoming = requests.greeting, requests.incoming
        self.order = Order(limits)
        self.lives: dict[str, Life] = {}
        self.over: list[Life] = []
        self.counted = 0

    async def stored(self) -> list[Execution]:
        return list(await self.store.executions(before=None, limit=10_000))

    async def send(self, kind: str, key: str) -> None:
        self.counted += 1
        now = self.clock.now()
        data = {"kind": kind, "key": key}
        await self.assembly.intake.accept(
            NewEvent(source="t", id=f"{self.counted}", type="web.alert", time=now, received_at=now, data={**data})
        )
        await self.settle()

    async def settle(self) -> None:
        """Let everything happen that needs no agent."""
        await self.assembly.planner.plan_all()
        await self.assembly.planner.place_waiting()
        for execution in await self.store.place_ready(until=self.clock.now(), limit=100):
            self.assembly.sessions.wake(execution.agent)
        await self.assembly.turns.look()
        await self.idle()

    async def idle(self) -> None:
        for _ in range(ROUNDS):
            await self.store.counts()
            await self.store.seen({})
            turn = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(turn.set_result, None)
            await turn
        for life in self.lives.values():
            if life.session is not None and life.session.error is None:
                with suppress(SessionError):
                    for line in (await life.session.outbox.next(0)).splitlines():
                        life.wire.append(_FRAME.validate_json(line))
            if life.session is not None and life.session.error is not None:
                self.cut(life)

    async def join(self, name: str) -> None:
        """A host with an empty disk joins under this name; whoever had it is shut out."""
        if before := self.lives.pop(name, None):
            self.cut(before)
            self.over.append(before)
        self.counted += 1
        token = JoinToken(token_hash=f"{self.counted}", name=name, labels={}, expires_at=self.clock.now() + 9)
        await self.store.add_join_token(token)
        await self.store.enrol(enrolled(name), token.token_hash, self.clock.now())
        found = await self.store.agent(name)
        assert found is not None
        self.assembly.enrolled([found])
        self.lives[name] = Life(name=name, instance=f"{name} {self.counted}")

    async def forget(self, name: str) -> None:
        with suppress(AgentUnknown):
            await self.assembly.departing.forget(name, note="gone", by="ops")
            life = self.lives.pop(name)
            self.cut(life)
            self.over.append(life)

    async def connect(self, life: Life) -> None:
        if life.session is not None:
            self.cut(life)
        held = tuple(HeldQueue(queue=one.queue.name(), epoch=one.epoch, last=one.last) for one in life.fifo.held())
        hello = Hello(instance=life.instance, boot_id="b", previous=life.previous, version="0", slots=4, queues=held)
        welcome = await self.greeting.greet(life.name, hello)
        session = self.assembly.sessions.current(life.name, welcome.session)
        session.streaming = True
        self.assembly.clones.streaming(life.name, session.id)
        self.assembly.fleet.joined(life.name)
        life.session, life.previous, life.n = session, session.id, 0
        life.policies.update(welcome.policies)
        life.serving = asyncio.get_running_loop().create_task(self.assembly.dispatch.serve(session))
        await self.settle()

    def cut(self, life: Life) -> None:
        """The connection is lost, with everything on it."""
        if life.session is None:
            return
        life.session.end(SessionOver("cut"))
        self.assembly.sessions.remove(life.session)
        if self.assembly.sessions.find(life.name) is None:
            self.assembly.fleet.left(life.name)
        if life.serving is not None:
            life.serving.cancel()
        life.session, life.serving = None, None
        life.wire.clear()
        life.acks.clear()

    async def deliver(self, life: Life) -> None:
        """The agent takes the first frame on its way."""
        frame = life.wire.pop(0)
        if isinstance(frame, CancelFrame):
            life.cancelled(frame.body)
        elif isinstance(frame, ActivateFrame):
            life.policies.update(frame.body.policies)
        elif isinstance(frame, AssignFrame):
            await self._assign(life, frame.body)

    async def _assign(self, life: Life, assign: Assign) -> None:
        queue = AgentQueue.of(assign.queue)
        verdict = judge(assign, last=life.fifo.last(queue, assign.epoch), epoch=life.fifo.epoch(queue))
        if verdict is Verdict.NEXT:
            assert life.fifo.item(assign.execution) is None, "assigned twice, under two positions"
            self.order.appended(life, assign, await self.stored())
            item = Item(
                execution=assign.execution,
                queue=queue,
                epoch=assign.epoch,
                sequence=assign.sequence,
                policy=assign.policy,
                assign=assign,
                attempt=assign.attempt,
            )
            life.fifo.append(item)
            if body := life.ahead.pop(assign.execution, None):
                life.cancelled(body)
        life.acks.append(Ack(queue=assign.queue, epoch=assign.epoch, last=life.fifo.last(queue, assign.epoch)))

    async def start(self, life: Life) -> None:
        item = life.next_start()
        if item is not None:
            if self.lives.get(life.name) is life:  # what is over goes on with what it has, and nobody can see it (reliability.md 1.4)
                gone = {one.execution for one in (*life.said, *life.unsaid) if one.state in (State.SETTLED, State.QUEUED)}
                self.order.starts(item, await self.stored(), gone)
            life.running.add(item.execution)
            life.say(item, State.STARTED)

    async def post(self, life: Life, *, again: int = 0) -> None:
        """The agent says what it has to say, and now and then something that it said long ago."""
        if life.session is None or life.session.error is not None:
            return
        fresh, acks = list(life.unsaid), list(life.acks)
        repeated = life.said[-again:] if again else []
        lines = []
        for kind, body in [*(("ack", one) for one in acks), *(("report", one) for one in (*repeated, *fresh))]:
            life.n += 1
            lines.append(json.dumps({"type": kind, "n": life.n, "body": body.model_dump(mode="json")}))
        with suppress(SessionError):
            await self.incoming.take(life.session, "\n".join(lines).encode() + b"\n" if lines else b"")
            life.said += fresh
            del life.unsaid[: len(fresh)], life.acks[: len(acks)]
        await self.settle()
