"""Agents that are forgotten or begin anew: what they were handed ends, the queues' epochs rise, the rest is placed again or stays."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from attune_controller.departures import end_when_anew, end_when_forgotten
from attune_controller.store.errors import AgentUnknown
from attune_controller.store.port import Store
from attune_controller.store.records.agents import Departure
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.records.executions import Execution
from attune_controller.store.records.queues import Handover
from attune_core.marks import Mark, MarkKind
from attune_core.states import Outcome, Reason, State
from tests.controller.store.making import agent, event, found, held, ids, move, plan, plan_some, request, take

NOW = 5000.0
GONE, ANEW = end_when_forgotten("web1", NOW), end_when_anew("web1", NOW)
TOLD = replace(event("gone", source="attune:operators"), received_at=NOW)


async def enrol(store: Store, name: str = "web1", instance: str = "i1") -> None:
    token = JoinToken(token_hash=f"{name} {instance}", name=name, labels={}, expires_at=9000.0)
    await store.add_join_token(token)
    await store.enrol(agent(name), token.token_hash, 1.0)
    await store.greet(replace(agent(name), instance=instance))


async def ends(store: Store, *executions: str) -> Sequence[tuple[State, Outcome | None, Reason | None]]:
    rows = [await found(store, one) for one in executions]
    return [(row.state, row.outcome, row.reason) for row in rows]


LOST = (State.SETTLED, Outcome.LOST, Reason.AGENT_FORGOTTEN)
UNPLACED = (State.ACCEPTED, None, None)


async def test_what_a_forgotten_agent_was_handed_is_lost_and_the_rest_has_no_place_any_more(store: Store) -> None:
    await enrol(store)
    await plan_some(store, *"abcdef")
    await take(store, limit=4)
    await store.acknowledge([held(3)])
    await store.record_moves([move("a", State.SETTLED), move("b", State.STARTED)])
    assert await store.forget("web1", GONE, TOLD) == Departure(ended=3, released=2)
    assert await ends(store, "b", "c", "d", "e", "f") == [LOST, LOST, LOST, UNPLACED, UNPLACED]
    assert (await found(store, "a")).outcome is Outcome.SUCCEEDED
    e = await found(store, "e")
    assert (e.agent, e.epoch, e.sequence, e.released_at) == ("", 0, 0, NOW)
    assert ids(await store.waiting_for_agent(limit=9)) == ["e", "f"]
    assert await store.loads() == {}
    completed = [one.new for one in await store.unplanned(limit=99) if one.new.type == "web.restart.completed"]
    assert [(one.id, one.subject) for one in completed] == [("b", "web1"), ("c", "web1"), ("d", "web1")]


async def test_the_next_place_in_a_queue_of_a_forgotten_agent_is_in_its_next_epoch_and_its_sequence_goes_on(store: Store) -> None:
    await enrol(store)
    await plan_some(store, "a", "b")
    await plan_some(store, "x", agent="web2")
    await take(store, limit=1)
    await store.forget("web1", GONE, TOLD)
    (c,) = await plan_some(store, "c")
    assert (c.epoch, c.sequence) == (1, 3)
    assert await take(store) == [("c", 0)], "its chain begins anew"
    (y,) = await plan_some(store, "y", agent="web2")
    assert (y.epoch, y.sequence) == (0, 2)


async def test_what_was_released_takes_new_places_in_the_order_of_its_events(store: Store) -> None:
    await enrol(store)
    await plan_some(store, "a", "b", "c")
    await store.forget("web1", GONE, TOLD)
    placed = [await store.place(one.new.id, "web2") for one in await store.waiting_for_agent(limit=9)]
    assert [(one.new.id, one.agent, one.epoch, one.sequence, one.state) for one in placed] == [
        (name, "web2", 0, sequence, State.QUEUED) for sequence, name in enumerate("abc", 1)
    ]
    assert await take(store, "web2") == [("a", 0), ("b", 1), ("c", 2)]


async def test_what_was_for_the_forgotten_agent_alone_is_rejected(store: Store) -> None:
    await enrol(store)
    position = (await store.accept_event(event("1"))).position
    alone = replace(request("a", position), match={"role": "web", "name": "web1"})
    await store.record_plans([plan(position, alone, request("b", position))])
    assert await store.forget("web1", GONE, TOLD) == Departure(ended=1, released=1)
    a = await found(store, "a")
    assert (a.outcome, a.reason, a.detail) == (Outcome.REJECTED, Reason.NO_AGENT, "it was for web1 alone, and web1 was forgotten")


async def test_nothing_that_is_said_later_changes_what_was_lost(store: Store) -> None:
    await enrol(store)
    await plan_some(store, "a")
    await take(store)
    await store.forget("web1", GONE, TOLD)
    before = await found(store, "a")
    assert await store.record_moves([move("a", State.STARTED), move("a", State.SETTLED), move("a", State.SETTLED, 2)]) == []
    assert await store.acknowledge([held(9)]) == []
    assert await store.resume_handovers("web1", [held(9)]) == []
    assert await found(store, "a") == before


async def test_a_forgotten_agent_its_marks_and_its_life_are_gone_and_an_event_tells_of_it(store: Store) -> None:
    await enrol(store)
    await store.set_marks("web1", {MarkKind.PAUSED: Mark(by="ops", since=1.0)}, event("mark"))
    assert not await store.is_forgotten("i1")
    await store.forget("web1", GONE, TOLD)
    assert await store.agent("web1") is None
    assert await store.marks() == {}
    assert await store.is_forgotten("i1")
    assert not await store.is_forgotten("")
    assert await store.find_event("attune:operators", "gone") is not None
    for again in (store.forget("web1", GONE, TOLD), store.greet(agent()), store.begin_anew(agent(), ANEW)):
        with pytest.raises(AgentUnknown):
            await again


async def test_an_agent_that_was_never_heard_can_be_forgotten_too(store: Store) -> None:
    await enrol(store, instance="")
    await store.forget("web1", GONE, TOLD)
    assert not await store.is_forgotten("")


async def test_an_agent_that_begins_anew_lost_what_it_was_handed_and_keeps_what_waits(store: Store) -> None:
    await enrol(store)
    await plan_some(store, *"abcd")
    await take(store, limit=2)
    await store.record_moves([move("a", State.STARTED)])
    joined = replace(agent(), instance="i2", slots=8)
    assert await store.begin_anew(joined, ANEW) == Departure(ended=2, released=0)
    assert await store.agent("web1") == joined
    assert (await store.is_forgotten("i1"), await store.is_forgotten("i2")) == (True, False)
    assert await ends(store, "a", "b") == [LOST, LOST]
    waiting: list[Execution] = [await found(store, one) for one in "cd"]
    assert [(one.agent, one.epoch, one.sequence) for one in waiting] == [("web1", 1, 3), ("web1", 1, 4)]
    assert await store.resume_handovers("web1", []) == []
    assert await take(store) == [("c", 0), ("d", 3)]
    assert await store.resume_handovers("web1", [held(3, epoch=1)]) == [Handover(execution=await found(store, "d"), after=3)]


async def test_an_agent_that_joins_again_with_its_state_is_the_same_until_it_says_otherwise(store: Store) -> None:
    await enrol(store)
    token = JoinToken(token_hash="again", name="web1", labels={}, expires_at=9000.0)
    await store.add_join_token(token)
    await store.enrol(replace(agent(), fingerprint="0" * 64), "again", 1.0)
    known = await store.agent("web1")
    assert known is not None
    assert (known.instance, known.fingerprint) == ("i1", "0" * 64)
