"""Merging: a store out of a backup takes over what an agent holds, says `lost` of what nobody knows, and gives no place twice (G18)."""

from collections.abc import Sequence
from dataclasses import replace

from attune_controller.departures import end_when_forgotten
from attune_controller.merging import end_of_unknown, taken_over
from attune_controller.store.port import Store
from attune_controller.store.records.agents import Departure, Held
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import FLEET
from attune_core.states import Outcome, State
from attune_core.wire.assignment import QueueName
from attune_core.wire.inventory import InHand
from tests.agent.assignments import assignment
from tests.contracts.store.test_fleet_queues import hand, plan_fleet
from tests.controller.store.making import agent, event, found, given_back, held, move, plan_some, queue, take

RESTORED = NewEvent(
    source="attune:restore", id="r-web1", type="core.agent_merged", subject="web1", time=1.0, received_at=1.0, data={"agent": "web1"}
)


async def enrolled(store: Store, *names: str) -> None:
    for name in names:
        await store.add_join_token(JoinToken(token_hash=name, name=name, labels={}, expires_at=1000.0))
        await store.enrol(replace(agent(name), instance=f"i-{name}"), name, 500.0)
        await store.greet(replace(agent(name), instance=f"i-{name}"))


def in_hand(execution: str, sequence: int, *, number: int = 99, epoch: int = 0, started: bool = False, attempt: int = 1) -> InHand:
    assign = assignment(execution, sequence, epoch=epoch).model_copy(update={"number": number})
    return InHand(assign=assign, started=started, attempt=attempt)


async def merge(
    store: Store,
    items: Sequence[InHand],
    lasts: Sequence[Held],
    *,
    reported: Sequence[str] = (),
    anew: bool = False,
    name: str = "web1",
    now: float = 5000.0,
) -> Departure:
    unmerged = (await store.unmerged())[name]
    await store.take_over(name, [taken_over(name, one, 5000.0) for one in items], RESTORED)
    known = {one.assign.execution for one in items} | set(reported)
    return await store.merge(name, lasts, end_of_unknown(unmerged, known, list(lasts), anew=anew, now=now), theirs=known)


async def state(store: Store, execution: str) -> tuple[str, int, int]:
    one = await found(store, execution)
    return (one.outcome or one.state).value, one.epoch, one.sequence


async def test_another_life_has_another_identity_and_hands_over_nothing_until_an_agent_is_merged(store: Store) -> None:
    await enrolled(store, "web1", "web2")
    await plan_some(store, "a")
    before = store.incarnation
    await store.restored("another life")
    assert store.incarnation == "another life" != before
    assert list(await store.unmerged()) == ["web1", "web2"]
    assert await take(store) == []
    assert await merge(store, [], []) == Departure(ended=0)
    assert list(await store.unmerged()) == ["web2"]
    assert await take(store) == [("a", 0)]


async def test_what_the_agent_had_and_no_longer_holds_is_lost_and_what_it_never_had_is_handed_over_again(store: Store) -> None:
    await enrolled(store, "web1")
    await plan_some(store, "a", "b", "c", "d", "e")
    await take(store, limit=4)
    await store.acknowledge([held(1)])
    await store.restored("r")
    # a is under way, b was run and is settled in the lost time, c's report is on its way, d was handed over and never came, e was not.
    departure = await merge(store, [in_hand("a", 1, number=1, started=True)], [held(3)], reported=["c"])
    assert departure == Departure(ended=1)
    assert await state(store, "a") == ("started", 0, 1)
    assert await state(store, "b") == ("lost", 0, 2)
    assert await state(store, "c") == ("assigned", 0, 3)
    assert await take(store) == [("d", 0), ("e", 4)]
    assert (await state(store, "d"))[1] == 1
    await store.record_moves([move("a", State.SETTLED), move("c", State.SETTLED)])
    assert [(await state(store, one))[0] for one in "ac"] == ["succeeded", "succeeded"]
    assert await store.resume_handovers("web1", [held(3), held(5, epoch=1)]) == []
    assert await store.depths([queue()]) == {queue(): 2}


async def test_what_was_handed_over_after_the_backup_and_is_still_to_be_reported_is_not_handed_over_again(store: Store) -> None:
    await enrolled(store, "web1")
    await plan_some(store, "a", "b", "c")
    await store.restored("r")
    # In the lost time a ended, and b was tried and given back for a second place, where it was tried again. Nothing of that was reported.
    assert await merge(store, [], [held(4)], reported=["a", "b"]) == Departure(ended=1)
    assert [await state(store, one) for one in "abc"] == [("assigned", 0, 1), ("assigned", 0, 2), ("lost", 0, 3)]
    assert await take(store) == []
    await store.record_moves([move("a", State.SETTLED), given_back("b", 2, sequence=4)])
    assert await state(store, "a") == ("succeeded", 0, 1)
    assert await take(store) == [("b", 0)]
    again = await found(store, "b")
    assert (again.epoch, again.sequence, again.attempt) == (1, 5, 2)
    assert await store.depths([queue()]) == {queue(): 1}


async def test_what_is_tried_again_at_the_tail_when_the_backup_is_made_is_the_agent_s_if_it_says_so(store: Store) -> None:
    await enrolled(store, "web1")
    await plan_some(store, "a")
    await take(store)
    await store.record_moves([move("a", State.STARTED), given_back("a", 1, sequence=1, ready_at=9000.0)])
    await store.restored("r")
    assert await merge(store, [], [held(2)], reported=["a"]) == Departure(ended=0)
    assert await store.place_ready(until=9999.0, limit=9) == []
    await store.record_moves([move("a", State.SETTLED, 2)])
    assert (await state(store, "a"))[0] == "succeeded"
    assert await store.depths([queue()]) == {queue(): 0}


async def test_what_waited_so_long_ago_that_the_agent_may_have_run_it_and_forgotten_its_queue_is_lost(store: Store) -> None:
    await enrolled(store, "web1", "web2")
    await plan_some(store, "a")
    await plan_some(store, "b", agent="web2")
    await store.restored("r")
    assert await merge(store, [], [], now=28 * 86_400.0) == Departure(ended=0)
    assert await take(store) == [("a", 0)]
    assert await merge(store, [], [], name="web2", now=31 * 86_400.0) == Departure(ended=1)
    assert (await state(store, "b"))[0] == "lost"


async def test_what_is_known_to_the_agent_alone_is_made_with_its_place_and_number(store: Store) -> None:
    await enrolled(store, "web1")
    await plan_some(store, "a")
    await take(store)
    await store.acknowledge([held(1)])
    await store.record_moves([move("a", State.SETTLED)])
    await store.restored("r")
    items = [in_hand("x", 7, number=41, started=True), in_hand("y", 8, number=42)]
    assert await merge(store, items, [held(8)]) == Departure(ended=0)
    x, y = await found(store, "x"), await found(store, "y")
    assert [(one.number, one.epoch, one.sequence, one.state, one.handed) for one in (x, y)] == [
        (41, 0, 7, State.STARTED, True),
        (42, 0, 8, State.ASSIGNED, True),
    ]
    assert x.new.event == y.new.event
    told = await store.event(x.new.event)
    assert told is not None
    assert told.new == RESTORED
    (new,) = await plan_some(store, "new")
    assert (new.number, new.epoch, new.sequence) == (43, 1, 9)
    assert await take(store) == [("new", 0)]
    await store.record_moves([move("x", State.SETTLED), move("y", State.STARTED), move("y", State.SETTLED)])
    assert await store.depths([queue()]) == {queue(): 1}
    assert await store.unsettled_load() == {"web1": 1}


async def test_what_was_planned_since_the_restore_waits_behind_and_is_never_lost(store: Store) -> None:
    await enrolled(store, "web1")
    await plan_some(store, "a")
    await store.restored("r")
    await plan_some(store, "new")
    assert await merge(store, [in_hand("x", 2, number=2)], [held(2)]) == Departure(ended=1)
    assert await state(store, "a") == ("lost", 0, 1)
    assert await state(store, "new") == ("queued", 1, 2)
    assert (await found(store, "x")).number == 3  # its number was given to another one meanwhile
    assert await take(store) == [("new", 0)]


async def test_waiting_work_takes_its_new_places_in_the_order_of_the_old_ones(store: Store) -> None:
    """So the history goes on as the judge of order reads it."""
    await enrolled(store, "web1")
    await store.restored("r")
    await plan_some(store, "a", "b", "c")
    await store.request_requeue("a")
    await merge(store, [], [held(0)])
    steps = [(step.execution, step.epoch, step.sequence) for step in await store.history(after=4, limit=9)]
    assert steps == [("b", 1, 2), ("c", 1, 3), ("a", 1, 4)]


async def test_an_agent_that_began_anew_meanwhile_held_what_nobody_knows(store: Store) -> None:
    await enrolled(store, "web1")
    await plan_some(store, "a", "b")
    await take(store, limit=1)
    await store.restored("r")
    await plan_some(store, "new")
    assert await merge(store, [], [], anew=True) == Departure(ended=2)
    assert [(await state(store, one))[0] for one in ("a", "b", "new")] == ["lost", "lost", "queued"]


async def test_an_inventory_that_is_sent_again_changes_nothing_and_a_settled_one_stays_settled(store: Store) -> None:
    await enrolled(store, "web1")
    await plan_some(store, "a", "b")
    await take(store)
    await store.record_moves([move("b", State.SETTLED)])
    await store.restored("r")
    items = [taken_over("web1", one, 5000.0) for one in (in_hand("a", 1, attempt=2, started=True), in_hand("b", 2), in_hand("x", 3))]
    for _ in range(2):
        await store.take_over("web1", items, RESTORED)
    assert [(one.new.id, one.state, one.attempt) for one in reversed(await store.executions(before=None, limit=9))] == [
        ("a", State.STARTED, 2),
        ("b", State.SETTLED, 1),
        ("x", State.ASSIGNED, 0),
    ]
    assert (await found(store, "b")).outcome is Outcome.SUCCEEDED
    assert await store.depths([queue()]) == {queue(): 2}


async def test_a_queue_of_the_fleet_waits_until_every_agent_is_merged(store: Store) -> None:
    await enrolled(store, "web1", "web2")
    await plan_fleet(store, "abcd", "1212")
    assert await hand(store, "web1") == [("a", 0)]
    await store.restored("r")
    # In the lost time a and b ended, c is under way on web1, and d was never handed over.
    item = in_hand("c", 3)
    in_fleet = item.assign.model_copy(update={"queue": QueueName(place=FLEET, action="web.restart", key="null")})
    items = [item.model_copy(update={"assign": in_fleet, "started": True})]
    assert await merge(store, items, [held(3, queue(FLEET))]) == Departure(ended=1)
    assert [(await state(store, one))[0] for one in "abcd"] == ["lost", "queued", "started", "queued"]
    assert [await hand(store, name, 9) for name in ("web1", "web2")] == [[], []]
    assert await merge(store, [], [held(2, queue(FLEET))], name="web2") == Departure(ended=1)
    assert [await state(store, one) for one in "bd"] == [("lost", 0, 2), ("queued", 1, 4)]
    assert await hand(store, "web2") == [], "one is under way"
    await store.record_moves([move("c", State.SETTLED)])
    assert await hand(store, "web2") == [("d", 0)]


async def test_what_a_forgotten_agent_may_have_run_in_the_lost_time_is_lost_and_what_is_newer_goes_elsewhere(store: Store) -> None:
    await enrolled(store, "web1")
    await plan_some(store, "a")
    await store.restored("r")
    await plan_some(store, "new")
    end = end_when_forgotten("web1", 5000.0, restored=(await store.unmerged())["web1"].numbers)
    assert await store.forget("web1", end, event("forgotten")) == Departure(ended=1, released=1)
    assert [(await state(store, one))[0] for one in ("a", "new")] == ["lost", "accepted"]


async def test_a_forgotten_agent_is_merged_by_that(store: Store) -> None:
    await enrolled(store, "web1")
    await store.restored("r")
    await store.forget("web1", lambda _execution: None, event("forgotten"))
    assert await store.unmerged() == {}
