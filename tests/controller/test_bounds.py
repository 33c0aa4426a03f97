"""The bounds of what waits: of one queue, and of the whole controller."""

from collections.abc import Mapping, Sequence

import pytest

from attune_controller import queue_bound
from attune_controller.backlog import INTERVAL as COUNT_INTERVAL
from attune_controller.backlog import Backlog
from attune_controller.errors import BacklogFull
from attune_controller.queue_bound import INTERVAL, QueueBound
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.records.executions import QueueKey
from attune_controller.store.records.groups import Plan
from attune_core.ports import SystemRandom
from attune_core.states import Outcome, Reason, State
from tests.controller.clocks import StandingClock
from tests.controller.store.making import cancelled, event, plan, request


class Counted(MemoryStore):
    """Counts how often it is asked for depths."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def depths(self, queues: Sequence[QueueKey]) -> Mapping[QueueKey, int]:
        self.asked += 1
        return await super().depths(queues)


class Planning:
    """Plans one execution an event into one queue that takes two."""

    def __init__(self) -> None:
        self.store, self.clock, self.number = Counted(), StandingClock(), 0
        self.bound = QueueBound(self.store, self.clock, SystemRandom())
        self.bound.limit = 2

    async def plan(self, agent: str = "web1") -> Plan:
        self.number += 1
        position = (await self.store.accept_event(event(f"{self.number}"))).position
        (bounded,) = await self.bound.applied([plan(position, request(f"e{self.number}", position, agent=agent))])
        await self.store.record_plans([bounded])
        return bounded


async def test_what_does_not_fit_is_rejected_and_told_once_a_minute() -> None:
    planning = Planning()
    for _ in range(2):
        assert not (await planning.plan()).notices
    third, fourth = await planning.plan(), await planning.plan()
    (refused,) = await planning.store.executions(before=None, limit=1)
    assert (refused.state, refused.outcome, refused.reason, refused.sequence) == (State.SETTLED, Outcome.REJECTED, Reason.QUEUE_FULL, 0)
    (told,) = third.notices
    assert (told.type, told.subject) == ("core.queue_full", "web.restart")
    assert await planning.store.find_event(told.source, told.id) is not None
    assert not fourth.notices
    planning.clock.time += INTERVAL
    assert (await planning.plan()).notices


async def test_another_queue_has_its_own_bound_and_what_ends_makes_room() -> None:
    planning = Planning()
    for _ in range(3):
        await planning.plan()
    assert not (await planning.plan("web2")).executions[0].rejected
    await planning.store.request_cancel("e1", cancelled("e1"))
    assert not (await planning.plan()).executions[0].rejected
    assert (await planning.plan()).executions[0].rejected


async def test_depths_are_read_once_and_then_only_at_the_bound() -> None:
    planning = Planning()
    planning.bound.limit = 100
    for _ in range(50):
        await planning.plan()
    assert planning.store.asked == 1


async def test_a_queue_that_was_forgotten_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_bound, "KNOWN", 1)
    planning = Planning()
    for agent in ("web1", "web2") * 2:
        assert not (await planning.plan(agent)).executions[0].rejected
    assert (await planning.plan("web1")).executions[0].rejected
    assert planning.store.asked == 5


async def test_what_finds_its_agent_late_is_counted_too() -> None:
    planning = Planning()
    for _ in range(2):
        await planning.plan()
    late = (await planning.plan("")).executions[0]
    waiting = await planning.store.execution(late.id)
    assert waiting is not None
    assert not await planning.bound.has_room(waiting, "web1")
    assert await planning.bound.has_room(waiting, "web2")


async def test_a_full_controller_lets_nothing_in_until_something_ended_and_counts_once_a_second() -> None:
    store, clock = MemoryStore(), StandingClock()
    backlog = Backlog(store, clock)
    backlog.limit = 2
    await backlog.count()
    for number in range(2):
        await backlog.check()
        await store.accept_event(event(f"{number}"))
        backlog.added(1)
    with pytest.raises(BacklogFull):
        await backlog.check()
    await store.record_plans([plan(1)])
    with pytest.raises(BacklogFull):
        await backlog.check()
    clock.time += COUNT_INTERVAL
    await backlog.check()
