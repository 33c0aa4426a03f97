"""Events: accepted once, ordered by position, planned whole and once."""

import asyncio
from dataclasses import replace

import pytest

from attune_controller.store.errors import EventUnknown, ExecutionExists, ReplayedBody, StoreClosed
from attune_controller.store.port import Store
from attune_controller.store.records.events import Acceptance, EventFilter, EventStatus
from attune_controller.store.records.plans import PlannedEvent
from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonRefused, JsonValue
from tests.controller.store.making import dead, event, found, ids, plan, plan_some, queue, request


async def test_events_get_strictly_increasing_positions_and_come_back_in_their_order(store: Store) -> None:
    positions = [(await store.accept_event(event(f"id {number}"))).position for number in range(5)]
    assert positions == sorted(set(positions))
    assert min(positions) >= 1
    assert [(waiting.position, waiting.new.id) for waiting in await store.unplanned(limit=10)] == [
        (position, f"id {number}") for number, position in enumerate(positions)
    ]
    assert [waiting.position for waiting in await store.unplanned(limit=2)] == positions[:2]


async def test_an_event_comes_back_as_it_was_given(store: Store) -> None:
    new = event("1", body_digest="b" * 64, data={"list": [1, 2.5, None, True, "\u2028ü"], "big": 2**63 - 1})
    position = (await store.accept_event(new)).position
    stored = await store.event(position)
    assert stored is not None
    assert stored.new == new
    assert (stored.status, stored.reason, stored.revision) == (EventStatus.ACCEPTED, "", "")
    assert await store.event(position + 1) is None


async def test_what_the_caller_changes_later_does_not_change_what_is_stored(store: Store) -> None:
    numbers: list[JsonValue] = [1]
    position = (await store.accept_event(event("1", data={"list": numbers}))).position
    numbers.append(2)
    stored = await store.event(position)
    assert stored is not None
    assert stored.new.data == {"list": [1]}


async def test_the_same_source_and_id_is_a_duplicate_with_the_first_position(store: Store) -> None:
    first = await store.accept_event(event("1", data={"a": 1}))
    await store.accept_event(event("2"))
    assert await store.accept_event(event("1", data={"a": 1})) == Acceptance(position=first.position, duplicate=True)
    assert not (await store.accept_event(event("1", source="elsewhere"))).duplicate
    stored = await store.event(first.position)
    assert stored is not None
    assert stored.new.data == {"a": 1}


async def test_another_content_under_a_known_id_differs_and_is_not_kept(store: Store) -> None:
    first = event("1", data={"a": 1, "b": [1.5, None]})
    position = (await store.accept_event(first)).position
    same = replace(first, data={"b": [1.5, None], "a": 1}, time=9.0, received_at=9.0, traceparent="other")
    assert not (await store.accept_event(same)).differs, "the order of keys, times and traces are no content"
    others = [replace(first, type="web.other"), replace(first, subject="other")]
    contents: list[JsonValue] = [{"a": 2, "b": [1.5, None]}, {"a": True, "b": [1.5, None]}, None]
    others += [replace(first, data=data) for data in contents]
    for other in others:
        assert await store.accept_event(other) == Acceptance(position=position, duplicate=True, differs=True)
    assert await store.find_event("", "1") == await store.event(position)
    stored = await store.event(position)
    assert stored is not None
    assert stored.new == first


async def test_many_events_are_stored_in_their_order_once_each_and_all_or_none(store: Store) -> None:
    await store.accept_event(event("b", data={"a": 1}))
    told = await store.accept_events([event("a"), event("b", data={"a": 1}), event("c", dead_reason="why"), event("a"), event("b")])
    assert [(one.position, one.duplicate, one.differs) for one in told] == [
        (2, False, False),
        (1, True, False),
        (3, False, False),
        (2, True, False),
        (1, True, True),
    ]
    assert [one.new.id for one in await store.unplanned(limit=9)] == ["b", "a"]
    with pytest.raises(JsonRefused):
        await store.accept_events([event("d"), event("e", data={"bad": float("nan")})])
    assert await store.find_event("", "d") is None
    assert await store.accept_events([]) == []


async def test_concurrent_deliveries_of_one_event_store_it_once(store: Store) -> None:
    answers = await asyncio.gather(*(store.accept_event(event("1")) for _ in range(20)))
    assert [answer.duplicate for answer in answers].count(False) == 1
    assert len({answer.position for answer in answers}) == 1
    assert (await store.counts()).events_waiting == 1


async def test_of_many_that_wait_for_one_commit_each_is_judged_by_itself(store: Store) -> None:
    await store.accept_event(replace(event("known", body_digest="k" * 64), unheard="r"))
    waits = event("waits")
    new = [replace(event(f"new {number}"), unheard="r") for number in range(150)]
    asked = [*new[:70], waits, *new[70:], event("known", data={"other": 1}), event("replay", body_digest="k" * 64), new[0]]
    answers = await asyncio.gather(*(store.accept_events([one]) for one in asked), return_exceptions=True)
    taken = [one[0] for one in answers if not isinstance(one, BaseException)]
    assert [one.position for one in taken] == [*range(2, 153), 1, 2]
    assert [(one.duplicate, one.differs) for one in taken] == [(False, False)] * 151 + [(True, True), (True, False)]
    assert [type(one) for one in answers if isinstance(one, BaseException)] == [ReplayedBody]
    assert [one.new.id for one in await store.unplanned(limit=200)] == ["waits", *(one.id for one in new[70:])], "none before an older one"
    assert [found.status for found in (await store.events(before=72, limit=70)).events] == [EventStatus.PLANNED] * 70


async def test_many_of_one_request_are_planned_as_they_are_stored_unless_an_older_one_waits(store: Store) -> None:
    kinds = ["r", "r", "s", "", "r"]
    told = await store.accept_events([replace(event(f"{number}"), unheard=kind) for number, kind in enumerate(kinds)])
    assert [one.position for one in told] == [1, 2, 3, 4, 5]
    assert [one.position for one in await store.unplanned(limit=9)] == [4, 5]
    assert [found.revision for found in (await store.events(before=4, limit=9)).events] == ["s", "r", "r"]


async def test_hundreds_of_one_request_keep_their_order_and_one_of_them_that_is_known_is_told(store: Store) -> None:
    first = await store.accept_events([event(f"{number}") for number in range(570)])
    assert [one.position for one in first] == [*range(1, 571)]
    seen = await store.unplanned(limit=999)
    assert [(one.position, one.new.id) for one in seen] == [(number + 1, f"{number}") for number in range(570)]
    again = await store.accept_events([event(f"{number}") for number in range(569, 900)])
    assert [(one.position, one.duplicate) for one in again] == [(570, True), *((number, False) for number in range(571, 901))]


async def test_a_body_that_comes_back_under_another_id_is_refused(store: Store) -> None:
    first = await store.accept_event(event("1", body_digest="b" * 64))
    with pytest.raises(ReplayedBody):
        await store.accept_event(event("2", body_digest="b" * 64))
    assert await store.find_event("hooks/github", "2") is None
    assert await store.accept_event(event("1", body_digest="b" * 64)) == Acceptance(position=first.position, duplicate=True)
    assert not (await store.accept_event(event("2", source="hooks/other", body_digest="b" * 64))).duplicate
    assert not (await store.accept_event(event("3"))).duplicate
    assert not (await store.accept_event(event("4"))).duplicate


async def test_data_that_no_json_text_can_hold_is_refused_and_harms_nothing(store: Store) -> None:
    for bad in (float("nan"), float("inf"), "\ud800"):
        with pytest.raises(JsonRefused):
            await store.accept_event(event("1", data={"bad": bad}))
    assert not (await store.accept_event(event("1"))).duplicate


async def test_an_event_that_is_dead_on_arrival_is_kept_with_its_reason_and_never_planned(store: Store) -> None:
    position = (await store.accept_event(event("1", dead_reason="no trigger fits"))).position
    stored = await store.event(position)
    assert stored is not None
    assert (stored.status, stored.reason, stored.new.dead) == (EventStatus.DEAD_LETTER, "no trigger fits", dead("no trigger fits"))
    assert await store.unplanned(limit=10) == []
    assert await store.record_plans([plan(position, request("a", position))]) == []
    assert await store.execution("a") is None


async def test_an_event_is_found_by_source_and_id_and_by_id_alone_the_newest(store: Store) -> None:
    first = (await store.accept_event(event("1", source="a"))).position
    second = (await store.accept_event(event("1", source="b"))).position
    for source, position in (("a", first), ("b", second), ("", second)):
        stored = await store.find_event(source, "1")
        assert stored is not None
        assert stored.position == position
    assert await store.find_event("c", "1") is None
    assert await store.find_event("", "2") is None


async def test_pages_of_events_go_from_new_to_old_by_status(store: Store) -> None:
    accepted = [(await store.accept_event(event(f"{number}"))).position for number in range(6)]
    gone = (await store.accept_event(event("dead", dead_reason="why not"))).position
    await store.record_plans([plan(accepted[0]), plan(accepted[1]), PlannedEvent(position=accepted[2], revision="r", dead=dead("loop"))])

    async def page(before: int | None, limit: int, status: EventStatus | None = None) -> list[int]:
        return [found.position for found in (await store.events(before=before, limit=limit, where=EventFilter(status=status))).events]

    assert await page(None, 3) == [gone, accepted[5], accepted[4]]
    assert await page(accepted[4], 2) == [accepted[3], accepted[2]]
    assert await page(accepted[0], 2) == []
    assert await page(None, 9, EventStatus.ACCEPTED) == [accepted[5], accepted[4], accepted[3]]
    assert await page(accepted[5], 1, EventStatus.ACCEPTED) == [accepted[4]]
    assert await page(None, 9, EventStatus.PLANNED) == [accepted[1], accepted[0]]
    assert await page(None, 9, EventStatus.DEAD_LETTER) == [gone, accepted[2]]
    assert await page(gone, 9, EventStatus.DEAD_LETTER) == [accepted[2]]


async def test_a_list_is_narrowed_by_everything_at_once(store: Store) -> None:
    kept = replace(event(""), type="web.alert", source="/a", received_at=5.0, subject="Disk of web1", data={"note": "100% füll_X"})
    others = [
        replace(kept, received_at=4.0),
        kept,
        replace(kept, type="web.other"),
        replace(kept, source="/b"),
        replace(kept, subject="", data={"note": "disk"}),
        kept,
    ]
    for number, one in enumerate(others, start=1):
        await store.accept_event(replace(one, id=f"{number}"))

    async def found(where: EventFilter) -> list[int]:
        return [one.position for one in (await store.events(before=None, limit=9, where=where)).events]

    assert await found(EventFilter()) == [6, 5, 4, 3, 2, 1]
    assert await found(EventFilter(type="web.alert")) == [6, 5, 4, 2, 1]
    assert await found(EventFilter(source="/a")) == [6, 5, 3, 2, 1]
    assert await found(EventFilter(since=4.5, type="web.alert", source="/a")) == [6, 5, 2]
    assert await found(EventFilter(status=EventStatus.ACCEPTED, source="/b")) == [4]
    assert await found(EventFilter(status=EventStatus.DEAD_LETTER)) == []
    assert await found(EventFilter(search="DISK")) == [6, 5, 4, 3, 2, 1]
    assert await found(EventFilter(search="of web1", source="/a", since=4.5, type="web.alert")) == [6, 2]
    assert await found(EventFilter(search="0% FüLL_x", source="/b")) == [4], "signs stand for themselves, ASCII letters are alike"
    for nothing in ("0%f", "fxll", "FÜLL", "!%", "no such"):
        assert await found(EventFilter(search=nothing)) == []


async def test_pages_go_on_where_the_last_one_ended(store: Store) -> None:
    for number in range(7):
        await store.accept_event(replace(event(f"{number}"), type="web.odd" if number % 2 else "web.even"))
    seen, before, pages = [], None, 0
    while True:
        page = await store.events(before=before, limit=2, where=EventFilter(type="web.even"))
        seen += [one.position for one in page.events]
        pages += 1
        if page.next is None:
            break
        before = page.next
    assert (seen, pages) == ([7, 5, 3, 1], 3)
    first = await store.events(before=None, after=0, limit=2, where=EventFilter(type="web.even"))
    rest = await store.events(before=None, after=first.next, limit=9, where=EventFilter(type="web.even"))
    assert ([one.position for one in first.events], [one.position for one in rest.events], rest.next) == ([1, 3], [5, 7], None)


async def test_a_plan_gives_numbers_places_in_queues_and_the_events_fate(store: Store) -> None:
    position = (await store.accept_event(event("1"))).position
    wanted = [
        request("a", position),
        request("b", position, agent="web2"),
        request("c", position),
        request("d", position, key='"x"'),
        request("e", position, agent=""),
    ]
    made = await store.record_plans([PlannedEvent(position=position, revision="rev", executions=tuple(wanted), note="a note")])
    assert [execution.number for execution in made] == list(range(made[0].number, made[0].number + 5))
    assert [(execution.sequence, execution.epoch, execution.state) for execution in made] == [
        (1, 0, State.QUEUED),
        (1, 0, State.QUEUED),
        (2, 0, State.QUEUED),
        (1, 0, State.QUEUED),
        (0, 0, State.ACCEPTED),
    ]
    assert [execution.new for execution in made] == wanted
    assert [await found(store, name) for name in "abcde"] == made
    assert made[0].queue == queue()
    stored = await store.event(position)
    assert stored is not None
    assert (stored.status, stored.revision, stored.reason, stored.new.dead) == (EventStatus.PLANNED, "rev", "a note", None)
    assert await store.unplanned(limit=10) == []


async def test_an_event_is_stored_together_with_its_plan_which_gets_its_position(store: Store) -> None:
    await store.accept_events([event("older", dead_reason="why")])
    wanted = (request("a", 0), request("b", 0, agent=""))
    accepted, made = await store.accept_planned(event("1"), PlannedEvent(position=0, revision="rev", executions=wanted, note="a note"))
    assert accepted == Acceptance(position=2, duplicate=False, planned=True)
    assert [(one.new, one.number, one.sequence) for one in made] == [(request("a", 2), 1, 1), (request("b", 2, agent=""), 2, 0)]
    assert [await found(store, name) for name in "ab"] == list(made)
    stored = await store.event(2)
    assert stored is not None
    assert (stored.new, stored.status, stored.revision, stored.reason) == (event("1"), EventStatus.PLANNED, "rev", "a note")
    assert await store.unplanned(limit=10) == []


async def test_a_plan_that_comes_with_its_event_passes_no_older_event_and_is_not_made_twice(store: Store) -> None:
    accepted, made = await store.accept_planned(event("1"), plan(0, request("a", 0)))
    assert await store.accept_planned(event("1"), plan(0, request("b", 0))) == (Acceptance(position=1, duplicate=True), [])
    await store.accept_event(event("2"))
    assert await store.accept_planned(event("3"), plan(0, request("c", 0))) == (Acceptance(position=3, duplicate=False), [])
    assert [waiting.position for waiting in await store.unplanned(limit=10)] == [2, 3], "the planner finds both in their order"
    assert ids(await store.executions(before=None, limit=9)) == ["a"] == [one.new.id for one in made]
    assert accepted.planned


async def test_an_event_and_its_plan_are_stored_both_or_neither(store: Store) -> None:
    await store.accept_planned(event("1", body_digest="d" * 64), plan(0, request("a", 0)))
    with pytest.raises(ExecutionExists):
        await store.accept_planned(event("2"), plan(0, request("b", 0), request("a", 0)))
    with pytest.raises(JsonRefused):
        await store.accept_planned(event("2"), plan(0, replace(request("b", 0), input={"bad": float("nan")})))
    with pytest.raises(ReplayedBody):
        await store.accept_planned(event("2", body_digest="d" * 64), plan(0, request("a", 0)))
    assert await store.find_event("", "2") is None
    assert ids(await store.executions(before=None, limit=9)) == ["a"]


async def test_planning_an_event_again_changes_nothing_and_takes_no_sequence(store: Store) -> None:
    position = (await store.accept_event(event("1"))).position
    await store.record_plans([plan(position, request("a", position))])
    assert await store.record_plans([plan(position, request("b", position)), plan(position)]) == []
    assert await store.execution("b") is None
    second = (await store.accept_event(event("2"))).position
    twice = await store.record_plans([plan(second, request("c", second)), plan(second, request("d", second))])
    assert [(execution.new.id, execution.number, execution.sequence) for execution in twice] == [("c", 2, 2)]


async def test_plans_are_stored_all_or_none(store: Store) -> None:
    (first,) = await plan_some(store, "a")
    second = (await store.accept_event(event("2"))).position
    third = (await store.accept_event(event("3"))).position
    with pytest.raises(ExecutionExists):
        await store.record_plans([plan(second, request("b", second)), plan(third, request("a", third))])
    with pytest.raises(ExecutionExists):
        await store.record_plans([plan(second, request("b", second), request("b", second))])
    with pytest.raises(EventUnknown):
        await store.record_plans([plan(second, request("b", second)), plan(third + 100, request("c", third))])
    bad = replace(request("c", third), input={"bad": float("nan")})
    with pytest.raises(JsonRefused):
        await store.record_plans([plan(second, request("b", second)), plan(third, bad)])
    assert [waiting.position for waiting in await store.unplanned(limit=10)] == [second, third]
    assert await store.execution("b") is None
    (made,) = await store.record_plans([plan(second, request("b", second))])
    assert (made.number, made.sequence) == (first.number + 1, first.sequence + 1)


async def test_a_rejected_execution_is_settled_at_once_and_takes_no_sequence(store: Store) -> None:
    position = (await store.accept_event(event("1"))).position
    bad = request("a", position, rejected=Reason.POLICY_DENIED, detail="not here")
    made = await store.record_plans([plan(position, bad, request("b", position))])
    assert [(execution.state, execution.sequence) for execution in made] == [(State.SETTLED, 0), (State.QUEUED, 1)]
    assert made[0] == await found(store, "a")
    assert (made[0].outcome, made[0].reason, made[0].detail) == (Outcome.REJECTED, Reason.POLICY_DENIED, "not here")
    assert made[0].settled_at == made[0].new.accepted_at
    assert await store.unsettled_load() == {"web1": 1}


async def test_a_dead_letter_of_planning_has_its_reason_and_revision(store: Store) -> None:
    position = (await store.accept_event(event("1"))).position
    await store.record_plans([PlannedEvent(position=position, revision="rev", dead=dead("a loop of rules"))])
    stored = await store.event(position)
    assert stored is not None
    assert (stored.status, stored.reason, stored.revision) == (EventStatus.DEAD_LETTER, "a loop of rules", "rev")


async def test_executions_of_events_are_listed_by_number(store: Store) -> None:
    first = (await store.accept_event(event("1"))).position
    second = (await store.accept_event(event("2"))).position
    await store.record_plans([plan(first, request("z", first), request("a", first)), plan(second)])
    listed = await store.executions_of_events([second, first])
    assert {position: list(executions) for position, executions in listed.items()} == {first: ["z", "a"], second: []}
    assert await store.executions_of_events([]) == {}
    assert ids(await store.executions(before=None, limit=9, event=first)) == ["a", "z"]


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.close()
    await store.close()
    with pytest.raises(StoreClosed):
        await store.accept_event(event("1"))
    with pytest.raises(StoreClosed):
        await store.unplanned(limit=1)


async def test_an_event_to_which_nothing_listens_is_planned_as_it_is_stored(store: Store) -> None:
    position = (await store.accept_event(replace(event("1"), unheard="rev"))).position
    stored = await store.event(position)
    assert stored is not None
    assert (stored.status, stored.reason, stored.revision) == (EventStatus.PLANNED, "", "rev")
    assert await store.unplanned(limit=10) == []


async def test_an_event_to_which_nothing_listens_waits_behind_an_older_one(store: Store) -> None:
    older = (await store.accept_event(event("1"))).position
    younger = (await store.accept_event(replace(event("2"), unheard="rev"))).position
    assert [waiting.position for waiting in await store.unplanned(limit=10)] == [older, younger]
