"""Conditions are told once until they are over; dead letters go back into the order, or go; all of it with the event that tells of it."""

from dataclasses import replace

import pytest

from attune_controller.store.errors import NotADeadLetter
from attune_controller.store.port import Store
from attune_controller.store.records.events import Acceptance, EventFilter, EventStatus, NewEvent
from attune_core.dead_letters import DeadReason
from tests.controller.store.making import dead, event, plan


async def ids(store: Store) -> list[str]:
    return [one.new.id for one in reversed((await store.events(before=None, limit=50)).events)]


async def test_a_condition_is_told_once_until_it_is_over(store: Store) -> None:
    assert await store.begin_condition("away", "web1", event("1"))
    assert not await store.begin_condition("away", "web1", event("2"))
    assert await store.begin_condition("away", "web2", event("3"))
    assert await store.begin_condition("old", "web1", event("4"))
    assert await store.conditions("away") == {"web1": 1001.25, "web2": 1001.25}
    assert await store.end_condition("away", "web1", event("5"))
    assert not await store.end_condition("away", "web1", event("6"))
    assert await store.end_condition("away", "web2", None)
    assert await store.conditions("away") == {}
    assert await store.begin_condition("away", "web1", event("7"))
    assert await ids(store) == ["1", "3", "4", "5", "7"]


async def test_a_retried_dead_letter_keeps_its_identity_and_takes_a_new_position(store: Store) -> None:
    lost = event("lost", dead_reason="no trigger", body_digest="d" * 64)
    was = (await store.accept_event(lost)).position
    await store.accept_event(event("between"))

    def told(position: int) -> NewEvent:
        return event(f"told of {position}")

    now = await store.retry_dead_letter(was, replace(lost, dead=None, received_at=2000.0), told)
    assert await store.event(was) is None
    again = await store.event(now)
    assert again is not None
    assert (again.status, again.new.received_at, again.new.dead) == (EventStatus.ACCEPTED, 2000.0, None)
    assert await ids(store) == ["between", "lost", f"told of {now}"]
    assert [one.new.id for one in await store.unplanned(limit=9)] == ["between", "lost", f"told of {now}"]
    assert (await store.accept_event(lost)).duplicate, "it is known as before"
    with pytest.raises(NotADeadLetter):
        await store.retry_dead_letter(now, lost, told)
    with pytest.raises(NotADeadLetter):
        await store.retry_dead_letter(was, lost, told)


async def test_a_dropped_dead_letter_has_no_data_and_does_not_come_back(store: Store) -> None:
    lost = event("lost", dead_reason="no trigger", data={"password": "x"})
    position = (await store.accept_event(lost)).position
    assert (await store.counts()).dead_letters == 1
    await store.drop_dead_letter(position, event("told"))
    found = await store.event(position)
    assert found is not None
    assert (found.status, found.new.data, found.reason, found.new.dead) == (EventStatus.DROPPED, None, "no trigger", dead("no trigger"))
    assert (await store.counts()).dead_letters == 0
    assert await store.accept_event(lost) == Acceptance(position=position, duplicate=True), (
        "its data are gone, so nothing differs from them"
    )
    with pytest.raises(NotADeadLetter):
        await store.drop_dead_letter(position, event("again"))

    async def listed(status: EventStatus | None = None, reason: DeadReason | None = None) -> list[str]:
        return [one.new.id for one in (await store.events(before=None, limit=9, where=EventFilter(status=status, dead=reason))).events]

    assert await listed(status=EventStatus.DROPPED) == ["lost"]
    assert await listed(status=EventStatus.DEAD_LETTER) == []
    assert await listed(reason=DeadReason.UNDECLARED) == ["lost"]
    assert await listed(reason=DeadReason.HOP_LIMIT) == []


async def test_what_tells_of_an_event_is_stored_with_it_and_not_with_a_duplicate(store: Store) -> None:
    lost = replace(event("lost", dead_reason="no trigger"), notice=event("told"))
    assert not (await store.accept_event(lost)).duplicate
    assert (await store.accept_event(replace(lost, notice=event("told again")))).duplicate
    assert await ids(store) == ["lost", "told"]
    stored = await store.find_event(lost.source, "lost")
    assert stored is not None
    assert stored.new.notice is None


async def test_dead_letters_are_kept_longer_than_events_until_they_are_dropped(store: Store) -> None:
    first, second, planned = [
        (await store.accept_event(replace(one, received_at=10.0))).position
        for one in (event("a", dead_reason="why"), event("b", dead_reason="why"), event("c"))
    ]
    await store.record_plans([plan(planned)])
    await store.drop_dead_letter(second, replace(event("told"), received_at=9000.0))
    gone = await store.prune_events(before=100.0, dead_before=5.0, now=9000.0, after=0, limit=50)
    assert (gone.removed, await ids(store)) == (2, ["a", "told"])
    newer = (await store.accept_event(replace(event("newer", dead_reason="why"), received_at=20.0))).position
    assert (await store.prune_events(before=100.0, dead_before=5.0, dead_keep=2, now=9000.0, after=0, limit=50)).removed == 0
    assert (await store.prune_events(before=100.0, dead_before=5.0, dead_keep=1, now=9000.0, after=0, limit=50)).removed == 1
    assert await store.event(newer) is not None
    assert await store.event(first) is None
