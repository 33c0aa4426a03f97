"""Whatever the wire does to frames and whenever the agent dies: never an inversion, never a second start, never a false acknowledgement.

A machine plays the controller (it knows what it handed over), the network (which repeats, reorders and loses), the host (which ends
attempts), operators (who pause and resume) and power cuts. The witness of the host is compared with the order that was handed over.
"""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from attune_agent.host import StartRequest
from attune_agent.state.records import QueueKey
from attune_core.marks import Mark
from attune_core.states import Outcome, Reason, State
from attune_core.wire.agent_frames import Report
from attune_core.wire.assignment import Assign, Policy, Retry
from tests.agent.assignments import assignment
from tests.agent.world import World

T = TypeVar("T")

KEYS = ("null", '"a"')
MOST = 6
MARK = Mark(note="disk swap", by="ops", since=1.0)


class AnyWire(RuleBasedStateMachine):
    """Two queues of one agent, and everything that may happen to them."""

    @initialize(
        limit=st.integers(min_value=1, max_value=3),
        slots=st.integers(min_value=1, max_value=4),
        turns=st.lists(st.integers(0, 12), min_size=5, max_size=5),
    )
    def begin(self, limit: int, slots: int, turns: list[int]) -> None:
        self.loop = asyncio.new_event_loop()
        self.limit = limit
        self.policy = Policy(limit=limit, retry=Retry(maximum_attempts=2, after=(Outcome.FAILED,), initial_interval=5.0))
        self.world = World(slots=slots)
        self.handed: dict[str, list[Assign]] = {key: [] for key in KEYS}
        self.cancelled: set[str] = set()
        self.inversions: list[str] = []
        self.settled: dict[str, int] = {}
        self.most_acknowledged: dict[str, int] = dict.fromkeys(KEYS, 0)
        self.world.preparation.turns = lambda execution: turns[int(execution.rpartition("-")[2]) % len(turns)]
        self.world.host.watch = self.judge_start
        self.run(self._start())
        for key in KEYS:
            self.hand_over_more(key, 3)

    def judge_start(self, request: StartRequest) -> None:
        """G7, at the very moment of a start: the earlier ones have started or settled, and fewer than the limit are unsettled."""
        key = request.execution.rpartition("-")[0]
        names = [one.execution for one in self.handed[key]]
        earlier = names[: names.index(request.execution)]
        over = {*self.settled, *(report.execution for report in self.world.reports() if report.state is State.SETTLED)}
        if request.attempt == 1:
            self.inversions += [name for name in earlier if name not in over and name not in self.world.host.started()]
        if sum(name not in over for name in earlier) >= self.limit:
            self.inversions.append(request.execution)

    def run(self, work: Coroutine[None, None, T]) -> T:
        return self.loop.run_until_complete(work)

    async def _start(self) -> None:
        self.world.start()
        await self.world.settle()

    @rule(key=st.sampled_from(KEYS), count=st.integers(1, 4))
    def hand_over_more(self, key: str, count: int) -> None:
        waiting = self.handed[key]
        for number in range(len(waiting) + 1, min(len(waiting) + count, MOST) + 1):
            waiting.append(assignment(f"{key}-{number}", number * 10, after=(number - 1) * 10, key=key, policy=self.policy))

    @rule(key=st.sampled_from(KEYS), start=st.integers(0, MOST), count=st.integers(1, MOST), turns=st.integers(0, 8))
    def deliver_in_order(self, key: str, start: int, count: int, turns: int) -> None:
        self.deliver(self.handed[key][start : start + count], turns)

    @rule(picks=st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, MOST - 1)), max_size=8), turns=st.integers(0, 8))
    def deliver_in_any_order_and_repeatedly(self, picks: list[tuple[str, int]], turns: int) -> None:
        self.deliver([self.handed[key][place] for key, place in picks if place < len(self.handed[key])], turns)

    def deliver(self, assigns: list[Assign], turns: int) -> None:
        async def bring() -> None:
            self.world.inbox.assign(assigns)
            await self.world.settle(turns)

        self.run(bring())

    @rule(code=st.integers(0, 1), which=st.integers(0, 5))
    def an_attempt_ends(self, code: int, which: int) -> None:
        running = self.world.host.running
        if running:
            execution, attempt = running[which % len(running)]
            self.run(self.world.finish(execution, attempt, code=code))

    @rule(key=st.sampled_from(KEYS), place=st.integers(0, MOST - 1))
    def an_operator_cancels(self, key: str, place: int) -> None:
        if place < len(self.handed[key]):
            execution = self.handed[key][place].execution
            self.cancelled.add(execution)

            async def cancel() -> None:
                self.world.inbox.cancel(execution, Reason.OPERATOR)
                await self.world.settle()

            self.run(cancel())

    @rule(seconds=st.sampled_from([0.5, 6.0]))
    def time_passes(self, seconds: float) -> None:
        self.run(self.world.pass_time(seconds))

    @rule(kind=st.sampled_from(["pause", "pause", "resume", "drain", "host"]))
    def an_operator_or_the_host_says_something(self, kind: str) -> None:
        marks = self.world.marks

        async def say() -> None:
            if kind == "host":
                marks.follow_host("" if marks.host_pause else "ask ops")
            elif kind == "drain":
                marks.follow(paused=marks.paused, draining=None if marks.draining else MARK)
            else:
                marks.follow(paused=MARK if kind == "pause" else None, draining=marks.draining)
            await self.world.settle()

        self.run(say())

    @rule()
    def the_agent_dies_and_comes_back(self) -> None:
        self.collect()
        self.run(self.world.restart())

    @rule()
    @precondition(lambda self: self.world.host.running)
    def the_executor_stops_answering_for_a_while(self) -> None:
        self.world.host.away = True
        self.run(self.world.pass_time(1.0))
        self.world.host.away = False
        self.run(self.world.pass_time(10.0))

    def collect(self) -> None:
        """Take the reports as the controller does, and let them be acknowledged."""
        rows = self.world.outbox.next(count=1000, size=1 << 30)
        for report in self.world.reports():
            if report.state is State.SETTLED:
                assert report.outcome is not Outcome.LOST, "the executor lost nothing"
                self.settled[report.execution] = self.settled.get(report.execution, 0) + 1

        async def acknowledge() -> None:
            if rows:
                self.world.outbox.acknowledged(rows[-1].number)
            await self.world.settle()

        self.run(acknowledge())

    @invariant()
    def no_attempt_started_twice(self) -> None:
        witness = self.world.host.witness
        assert len(witness) == len(set(witness)), witness

    @invariant()
    def first_attempts_start_in_the_order_of_the_queue(self) -> None:
        for key in KEYS:
            mine = [execution for execution, attempt in self.world.host.witness if attempt == 1 and execution.startswith(f"{key}-")]
            order = [one.execution for one in self.handed[key]]
            assert mine == sorted(mine, key=order.index), mine

    @invariant()
    def no_start_passed_an_earlier_one(self) -> None:
        assert self.inversions == []

    @invariant()
    def at_most_the_limit_of_a_queue_runs(self) -> None:
        for key in KEYS:
            assert sum(execution.startswith(f"{key}-") for execution, _ in self.world.host.running) <= self.limit

    @invariant()
    def what_is_acknowledged_is_on_disk(self) -> None:
        for held in self.world.acks:
            assert self.world.disk.held.get((held.queue, held.epoch), 0) >= held.last

    @invariant()
    def what_is_on_disk_has_no_gap(self) -> None:
        for key in KEYS:
            last = self.world.disk.held.get((QueueKey("web1", "web.restart", key), 0), 0)
            taken = [one.execution for one in self.handed[key] if one.sequence <= last]
            assert last in {0, *(one.sequence for one in self.handed[key])}
            said = {Report.model_validate_json(report).execution for report in self.world.disk.outbox.values()}
            known = {*self.world.disk.items, *self.settled, *said}
            assert set(taken) <= known

    @invariant()
    def nothing_settles_twice(self) -> None:
        counts = dict(self.settled)
        for report in self.world.reports():
            if report.state is State.SETTLED:
                counts[report.execution] = counts.get(report.execution, 0) + 1
        assert all(count == 1 for count in counts.values()), counts

    def teardown(self) -> None:
        """In the end everything that was handed over settles exactly once, whatever happened before."""
        if not hasattr(self, "loop"):
            return
        try:
            if not self.inversions:
                self.let_all_end()
        finally:
            self.run(self.world.kill())
            self.loop.close()

    def let_all_end(self) -> None:
        self.an_operator_or_the_host_says_something("resume")
        if self.world.marks.host_pause:
            self.an_operator_or_the_host_says_something("host")
        for _ in range(4 * MOST):
            for key in KEYS:
                self.deliver(self.handed[key], 60)
            for execution, attempt in self.world.host.running:
                self.run(self.world.finish(execution, attempt))
            self.run(self.world.pass_time(61.0))
        self.collect()
        self.no_start_passed_an_earlier_one()
        self.no_attempt_started_twice()
        handed = {one.execution for waiting in self.handed.values() for one in waiting}
        assert set(self.settled) == handed
        assert all(count == 1 for count in self.settled.values())
        assert handed - set(self.world.host.started()) <= self.cancelled


# Not shrunk: a failing run is printed as it is, within the time of one test.
AnyWire.TestCase.settings = settings(
    max_examples=120,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
TestAnyWire = AnyWire.TestCase
