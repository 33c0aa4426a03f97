"""The agent's real queues, inbox, ledger, lanes and attempts as one machine: anything may happen next, and the promises hold after it.

The disk is late and may be full, the agent may be killed at any turn of its loop, frames come repeated, out of order and with gaps. The
judge is `order_witness`: what a host saw started, what a disk holds, what a controller was told. ATTUNE_EXAMPLES: see tests/profiles.py.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from typing import TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from structlog.testing import capture_logs

from attune_agent.errors import StateUnwritable
from attune_agent.executor_errors import ExecutorUnreachable, StartRefused
from attune_agent.host import How, StartRequest
from attune_agent.preparation_errors import BuildDelayed, InstallFailed, SecretMissing
from attune_agent.recovery import sweep
from attune_agent.state.records import QueueKey, ReportText
from attune_core.errors import AttuneError
from attune_core.marks import Mark
from attune_core.states import Outcome, Reason, State
from attune_core.wire.agent_frames import Report
from attune_core.wire.assignment import Assign, Policy, Rate, Retry
from attune_core.wire.stream_frames import HoldQueue
from tests.agent.assignments import assignment
from tests.agent.late_state import LateState
from tests.agent.order_witness import OrderWitness, Placed
from tests.agent.world import World
from tests.profiles import quick, thorough

T = TypeVar("T")

RATE = Rate(limit=3, per=30.0)
KEEP = Retry(maximum_attempts=3, after=(Outcome.FAILED, Outcome.LOST), initial_interval=5.0)
TAIL = KEEP.model_copy(update={"place": "tail"})
#: By action: the policies that its revisions may have.
POLICIES = {
    "web.plain": [Policy(), Policy(limit=3, retry=KEEP), Policy(limit=2, retry=TAIL)],
    "web.rated": [Policy(limit=2, rate=RATE, retry=KEEP), Policy(limit=4, rate=RATE)],
    "web.short": [Policy(start_within=40.0), Policy(limit=2, start_within=90.0, retry=TAIL), Policy()],
    "web.skip": [Policy(when_busy="skip", retry=KEEP), Policy(limit=2, when_busy="skip"), Policy(limit=2)],
    "web.newest": [Policy(when_busy="cancel_running"), Policy(limit=2, when_busy="cancel_running", retry=KEEP)],
}
QUEUES = [QueueKey("web1", action, key) for action in POLICIES for key in ("null", '"k"')]
HINDRANCES: list[AttuneError] = [BuildDelayed("busy"), InstallFailed("npm"), SecretMissing("none")]
ANSWERS: list[AttuneError | None] = [StartRefused("no room"), ExecutorUnreachable("away"), None]

queues = st.sampled_from(QUEUES)
few = st.integers(min_value=1, max_value=3)
places = st.integers(min_value=0, max_value=30)


class QueueMachine(RuleBasedStateMachine):
    """One agent, its executor and its controller."""

    @initialize(slots=st.sampled_from([1, 2, 64]), variant=st.integers(min_value=0, max_value=1))
    def begin(self, slots: int, variant: int) -> None:
        self.silence = ExitStack()
        self.silence.enter_context(capture_logs())  # nobody reads what a thousand agents log
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self._keep)
        self.problems: list[str] = []
        self.witness = OrderWitness()
        self.names = 0
        self.jumped = False
        self.asked_at: dict[str, float] = {}
        self.cancelled: set[str] = set()
        #: Their preparation took its time, and a token is taken before it.
        self.stopped: set[str] = set()
        self.world = World(slots=slots, open_state=self._open_state)
        self.world.host.watch = self._started
        self.world.preparation.turns = lambda execution: int(execution) % 3
        self.policies = {action: variants[variant] for action, variants in POLICIES.items()}
        self._do(self._begin())

    async def _begin(self) -> None:
        self.world.start()
        self.world.inbox.activate("r0", self.policies)
        await self.world.settle(5)

    @rule(queue=queues, count=few, age=st.sampled_from([0.0, 30.0, 100.0]))
    def plan_and_hand_over(self, queue: QueueKey, count: int, age: float) -> None:
        """The controller takes places and hands over what stands there."""
        for _ in range(count):
            self.names += 1
            self.witness.place(str(self.names), queue, attempt=1, accepted_at=self.world.clock.monotonic() - age)
        self._assign(self._next(queue))

    @rule(queue=queues, count=few)
    def hand_over_again(self, queue: QueueKey, count: int) -> None:
        """What was handed over, acknowledged or not, comes once more."""
        standing, sent = self.witness.queues[queue], self._sent(queue)
        self._assign([self._frame(queue, index) for index in range(max(sent - count, 0), len(standing))][: count + 1])

    @rule(queue=queues)
    def hand_over_with_a_gap(self, queue: QueueKey) -> None:
        """What comes is not what comes next."""
        for _ in range(2):
            self.names += 1
            self.witness.place(str(self.names), queue, attempt=1, accepted_at=self.world.clock.monotonic())
        frames = self._next(queue)
        self._assign(frames[1:])
        self._assign(list(reversed(frames)))

    @rule(queue=queues)
    def hand_over_and_crash(self, queue: QueueKey) -> None:
        """The agent dies while it is being told."""
        self.names += 1
        self.witness.place(str(self.names), queue, attempt=1, accepted_at=self.world.clock.monotonic())
        self.world_assign(self._next(queue))
        self.crash(1)

    @precondition(lambda self: self.witness.places)
    @rule(place=places, stops=st.booleans())
    def cancel(self, place: int, stops: bool) -> None:  # noqa: FBT001 - a rule's
        self.world.host.stops = stops
        execution = self._pick(place)
        self.cancelled.add(execution)
        self._call(lambda: self.world.inbox.cancel(execution, Reason.OPERATOR))

    @precondition(lambda self: self.witness.places)
    @rule(place=places)
    def requeue(self, place: int) -> None:
        execution = self._pick(place)
        self._call(lambda: self.world.inbox.requeue(execution))

    @precondition(lambda self: self.witness.places)
    @rule(place=places, both=st.permutations(["cancel", "requeue", "end", "time"]))
    def race(self, place: int, both: list[str]) -> None:
        """Everything at once, in any order."""
        execution = self._pick(place)

        def begin() -> None:
            for what in both:
                if what == "cancel":
                    self.cancelled.add(execution)
                    self.world.inbox.cancel(execution, Reason.OPERATOR)
                elif what == "requeue":
                    self.world.inbox.requeue(execution)
                elif what == "time":
                    self.world.clock.advance(40.0)
                else:
                    self._finish_running(place, How.EXITED, 1)

        self._do(self.world.settle(100))
        self._call(begin)

    @rule(action=st.sampled_from(list(POLICIES)), variant=st.integers(min_value=0, max_value=2))
    def change_policy(self, action: str, variant: int) -> None:
        variants = POLICIES[action]
        self.policies = self.policies | {action: variants[variant % len(variants)]}
        self._call(lambda: self.world.inbox.activate(f"r{self.names}", self.policies))

    @rule(action=st.sampled_from([None, *POLICIES]), key=st.sampled_from([None, "null"]))
    def pause_queues(self, action: str | None, key: str | None) -> None:
        mark = Mark(note="a look", by="ops", since=1.0)
        holds = [HoldQueue(action=action, key=key, mark=mark)] if action else []
        self._call(lambda: self.world.marks.hold(holds))

    @rule(paused=st.booleans())
    def pause_agent(self, paused: bool) -> None:  # noqa: FBT001 - a rule's
        mark = Mark(note="swap", by="ops", since=1.0) if paused else None
        self._call(lambda: self.world.marks.follow(paused=mark, draining=None))

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 10.0, 31.0, 61.0]))
    def let_time_pass(self, seconds: float) -> None:
        self._do(self.world.settle(100))  # a token is taken at the admission: no time passes between that and a start
        self._call(lambda: self.world.clock.advance(seconds))

    @rule(seconds=st.sampled_from([-3.2e8, -3600.0, 3600.0, 3.2e8]))
    def jump(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self.jumped = True
        now = self.world.clock.now() - self.world.clock.monotonic() + seconds
        self.world.clock.now = lambda: now + self.world.clock.monotonic()  # type: ignore[method-assign]  # it is a wall clock

    @precondition(lambda self: self.world.host.running)
    @rule(place=places, end=st.sampled_from([(How.EXITED, 0), (How.EXITED, 1), (How.LOST, None), (How.NOT_STARTED, None)]))
    def end(self, place: int, end: tuple[How, int | None]) -> None:
        self._call(lambda: self._finish_running(place, *end))

    @precondition(lambda self: self.witness.places)
    @rule(place=places, hindrance=st.sampled_from(HINDRANCES))
    def hinder_a_preparation(self, place: int, hindrance: AttuneError) -> None:
        self.world.preparation.troubles.setdefault(self._pick(place), []).append(hindrance)

    @rule(shut=st.booleans(), number=few)
    def stop_preparations(self, shut: bool, number: int) -> None:  # noqa: FBT001 - a rule's
        """The next ones take until somebody lets them go on."""
        gates = self.world.preparation.gates
        if shut:
            for ahead in range(number + 1):
                gates.setdefault(str(self.names + ahead), asyncio.Event())
                self.stopped.add(str(self.names + ahead))
        else:
            self._call(self._open_gates)

    @rule(answer=st.sampled_from(ANSWERS))
    def answer_a_start(self, answer: AttuneError | None) -> None:
        """The executor refuses the next start, is not heard, or its answer is lost."""
        self.world.host.troubles.append(answer)

    @rule(away=st.booleans())
    def reach_the_executor(self, away: bool) -> None:  # noqa: FBT001 - a rule's
        self.world.host.away = away

    @rule()
    def replace_the_executor(self) -> None:
        self._call(self.world.host.replace_state)

    @rule(full=st.booleans())
    def fill_the_disk(self, full: bool) -> None:  # noqa: FBT001 - a rule's
        self.state.failure = StateUnwritable("the disk is full") if full else None

    @rule(count=st.integers(min_value=1, max_value=5))
    def report(self, count: int) -> None:
        """The controller takes reports, and acknowledges them."""
        self._call(lambda: self._take_reports(count))

    @rule(turns=st.integers(min_value=0, max_value=12))
    def crash(self, turns: int) -> None:
        """The agent is killed some turns later, and starts again."""
        self._do(self._crash(turns))

    @invariant()
    def the_promises_hold(self) -> None:
        assert not self.problems, self.problems[0]
        self.witness.judge(self.world.disk, self.world.fifo)

    @invariant()
    def whatever_waits_says_why(self) -> None:
        for status in self.world.lanes.status(limit=100):
            assert status.waiting_for or not status.head, status

    def teardown(self) -> None:
        """When every hindrance has gone, everything ends."""
        if not self.jumped:
            self.witness.judge_rate(RATE.limit, RATE.per)
        with self.silence:
            self._do(self._calm())
        self.loop.close()
        assert not self.problems, self.problems[0]

    def _keep(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        self.problems.append(str(context.get("exception") or context["message"]))

    async def _calm(self) -> None:
        world = self.world
        self.state.failure, world.host.away, world.host.stops = None, False, True
        world.host.troubles.clear()
        self._open_gates()
        world.marks.follow(paused=None, draining=None)
        world.marks.hold([])
        for _ in range(300):
            self._take_reports(1000)
            for queue in QUEUES:
                world.inbox.assign(self._next(queue))
            await world.settle(10)
            for key in world.host.running:
                world.host.finish(*key)
            await world.pass_time(61.0)
            if not len(world.fifo) and not len(world.outbox):
                break
        stuck = {name for name, place in self.witness.places.items() if name not in self.witness.settled and name not in self.cancelled}
        assert not stuck, [(self.witness.places[name], world.lanes.status(limit=100)) for name in stuck]
        assert not world.host.running
        self.witness.judge(world.disk, world.fifo)
        self.state.crashed = True
        await world.kill()

    async def _crash(self, turns: int) -> None:
        await self.world.settle(turns)
        self.state.crashed = True
        await self.world.kill()
        self.world.start()
        if not self.world.host.away:
            await sweep(self.world.host, self.world.fifo, hold_again=lambda _execution, _key: True)
        await self.world.settle(25)

    def _open_state(self) -> LateState:
        self.state = LateState(self.world.disk, left=self._left, asked=self._asked)
        return self.state

    def _open_gates(self) -> None:
        for gate in self.world.preparation.gates.values():
            gate.set()
        self.world.preparation.gates.clear()

    def _asked(self, execution: str) -> None:
        item = self.world.fifo.item(execution)
        assert item is not None
        assert not self.world.marks.closed(item.queue), f"{execution} starts in spite of a pause"
        self.witness.decided[execution] = self.world.policies.of(item)
        self.asked_at[execution] = self.world.clock.monotonic()

    def _started(self, request: StartRequest) -> None:
        place = self.witness.places[request.execution]
        if place.queue.action == "web.rated" and request.execution not in self.stopped:
            self.witness.times.append(self.asked_at[request.execution])
        within = self.witness.decided[request.execution].start_within
        if within is not None and not self.jumped and (request.execution, 1) not in self.witness.starts and request.attempt == 1:
            assert self.world.clock.monotonic() < place.accepted_at + within, f"{place} starts too late"
        self.witness.start((request.execution, request.attempt), self.world.host.running)

    def _left(self, _execution: str, report: ReportText) -> None:
        self.witness.leave(Report.model_validate_json(report), self.world.host.running)

    def _take_reports(self, count: int) -> None:
        rows = self.world.outbox.next(count=count, size=1 << 30)
        for row in rows:
            report = Report.model_validate_json(row.report)
            place = self.witness.places[report.execution]
            if report.state is State.QUEUED and report.sequence == place.sequence and report.execution not in self.cancelled:
                self.witness.place(report.execution, place.queue, attempt=report.attempt + 1, accepted_at=place.accepted_at)
        if rows:
            self.world.outbox.acknowledged(rows[-1].number)

    def _finish_running(self, place: int, how: How, code: int | None) -> None:
        if running := self.world.host.running:
            self.world.host.finish(*running[place % len(running)], how=how, code=code)

    def _pick(self, place: int) -> str:
        """Return one of the executions, the newest more often."""
        names = list(self.witness.places)
        return names[-1 - place % len(names)]

    def _sent(self, queue: QueueKey) -> int:
        last = self.world.fifo.last(queue, 0)
        return sum(1 for one in self.witness.queues[queue] if one.sequence <= last)

    def _next(self, queue: QueueKey) -> list[Assign]:
        return [self._frame(queue, index) for index in range(self._sent(queue), len(self.witness.queues[queue]))]

    def _frame(self, queue: QueueKey, index: int) -> Assign:
        one: Placed = self.witness.queues[queue][index]
        return assignment(
            one.execution,
            one.sequence,
            action=queue.action,
            key=queue.key,
            attempt=one.attempt,
            age=self.world.clock.monotonic() - one.accepted_at,
            rate_key="null",
            policy=self.policies[queue.action],
        )

    def _assign(self, frames: Sequence[Assign]) -> None:
        self._call(lambda: self.world.inbox.assign(frames))

    def world_assign(self, frames: Sequence[Assign]) -> None:
        async def assign() -> None:
            self.world.inbox.assign(frames)

        self._do(assign())

    def _call(self, what: Callable[[], object]) -> None:
        async def call() -> None:
            what()
            await self.world.settle(25)

        self._do(call())

    def _do(self, work: Coroutine[None, None, T]) -> T:
        return self.loop.run_until_complete(work)


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = quick(steps=30)


@pytest.mark.soak
@pytest.mark.timeout(7200)
class TestQueueMachineForLong(QueueMachine.TestCase):  # type: ignore[valid-type,misc]  # made by hypothesis
    settings = thorough(steps=60)
