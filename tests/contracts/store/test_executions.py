"""Executions: found, listed, moved by reports once, cancelled, counted."""

from dataclasses import replace

import pytest

from attune_controller.store.errors import ExecutionUnknown, NotCancellable, OutcomeMissing
from attune_controller.store.port import Store
from attune_controller.store.records.standing import Counts
from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonRefused
from tests.controller.store.making import cancelled, event, found, held, ids, move, plan, plan_some, request, take


async def test_an_execution_is_found_by_its_id_and_by_its_number(store: Store) -> None:
    (made,) = await plan_some(store, "a")
    assert await store.execution("a") == made
    assert await store.execution(str(made.number)) == made
    for unknown in ("b", str(made.number + 1), "0", "9" * 30, "-1", "\u0661", ""):
        assert await store.execution(unknown) is None


async def test_numbers_increase_over_events_and_agents_and_are_never_reused(store: Store) -> None:
    first = await plan_some(store, "a", "b")
    second = await plan_some(store, "c", agent="web2")
    await store.request_cancel("c", cancelled("c"))
    third = await plan_some(store, "d")
    numbers = [execution.number for execution in [*first, *second, *third]]
    assert numbers == sorted(set(numbers))


async def test_pages_of_executions_go_from_new_to_old_and_filters_combine(store: Store) -> None:
    made = [
        *await plan_some(store, "a", "b"),
        *await plan_some(store, "c", agent="web2"),
        *await plan_some(store, "d", action="web.check"),
        *await plan_some(store, "e", agent=""),
    ]
    await take(store)
    await store.record_moves([move("a", State.SETTLED), move("b", State.STARTED)])

    async def page(
        before: int | None = None, limit: int = 9, state: str | None = None, action: str | None = None, agent: str | None = None
    ) -> list[str]:
        return ids(await store.executions(before=before, limit=limit, state=state, action=action, agent=agent))

    assert await page() == ["e", "d", "c", "b", "a"]
    assert await page(limit=2) == ["e", "d"]
    assert await page(before=made[3].number, limit=2) == ["c", "b"]
    assert await page(agent="web1") == ["d", "b", "a"]
    assert await page(agent="web1", action="web.restart") == ["b", "a"]
    assert await page(state="queued") == ["d", "c"]
    assert await page(state="accepted") == ["e"]
    assert await page(state="started") == ["b"]
    assert await page(state="settled") == ["a"]
    assert await page(state="succeeded", agent="web1") == ["a"]
    assert await page(state="failed") == []
    assert await page(state="no such word") == []
    assert ids(await store.executions(before=None, after=0, limit=2)) == ["a", "b"], "the oldest first"
    assert ids(await store.executions(before=None, after=made[1].number, limit=9, agent="web1")) == ["d"]
    assert ids(await store.executions(before=made[3].number, after=made[0].number, limit=9)) == ["b", "c"]
    assert ids(await store.executions(before=None, limit=9, event=made[1].new.event, agent="web1")) == ["b"]
    assert await store.executions(before=None, limit=9, event=made[1].new.event, agent="web2") == []


async def test_reports_move_an_execution_through_its_states(store: Store) -> None:
    (made,) = await plan_some(store, "a")
    await take(store)
    assert await store.acknowledge([held(1)]) == ["a"]
    done = event("a", source="attune:executions")
    changed = await store.record_moves(
        [
            move("a", State.PREPARING, at=10.0, detail="building"),
            move("a", State.STARTED, at=11.0),
            move("a", State.SETTLED, at=12.0, detail="ended", completion=done),
        ]
    )
    assert [(execution.state, execution.attempt, execution.detail) for execution in changed] == [
        (State.PREPARING, 1, "building"),
        (State.STARTED, 1, ""),
        (State.SETTLED, 1, "ended"),
    ]
    last = changed[-1]
    assert last == await found(store, "a")
    assert (last.outcome, last.exit_code, last.result, last.started_at, last.settled_at) == (
        Outcome.SUCCEEDED,
        0,
        {"active": True},
        11.0,
        12.0,
    )
    assert (last.new, last.number, last.sequence, last.handed) == (made.new, made.number, made.sequence, True)
    completion = await store.find_event("attune:executions", "a")
    assert completion is not None
    assert completion.new == done
    assert [waiting.position for waiting in await store.unplanned(limit=9)] == [completion.position]


async def test_a_report_sent_again_changes_nothing_and_makes_no_second_event(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    reports = [
        move("a", State.PREPARING),
        move("a", State.STARTED),
        move("a", State.SETTLED, completion=event("a", source="attune:executions")),
    ]
    assert len(await store.record_moves(reports)) == 3
    end = await found(store, "a")
    assert await store.record_moves(reports) == []
    lie = replace(reports[2], outcome=Outcome.FAILED, attempt=2, completion=event("a again", source="attune:executions"))
    assert await store.record_moves([lie]) == []
    assert await found(store, "a") == end
    assert (await store.counts()).events_waiting == 1


async def test_reports_may_come_before_the_acknowledgement_is_recorded(store: Store) -> None:
    await plan_some(store, "a", "b", "c")
    await take(store)
    changed = await store.record_moves([move("a", State.PREPARING), move("b", State.STARTED), move("c", State.SETTLED)])
    assert [execution.state for execution in changed] == [State.PREPARING, State.STARTED, State.SETTLED]
    assert await store.acknowledge([held(3)]) == []
    assert (await found(store, "a")).state is State.PREPARING


async def test_assigned_is_a_report_too_but_only_the_first_word(store: Store) -> None:
    await plan_some(store, "a")
    assert await store.record_moves([move("a", State.ASSIGNED, 0)]) == []
    await take(store)
    assert [execution.state for execution in await store.record_moves([move("a", State.ASSIGNED, 0)])] == [State.ASSIGNED]
    assert await store.record_moves([move("a", State.ASSIGNED, 0), move("a", State.ASSIGNED, 3)]) == []


async def test_what_was_never_handed_over_can_only_be_settled(store: Store) -> None:
    await plan_some(store, "a", "b")
    await plan_some(store, "c", agent="")
    for state in State:
        if state is not State.SETTLED:
            assert await store.record_moves([move("a", state), move("c", state)]) == []
    changed = await store.record_moves([move("a", State.SETTLED, 0), move("c", State.SETTLED, 0)])
    assert [execution.state for execution in changed] == [State.SETTLED, State.SETTLED]
    assert await take(store) == [("b", 0)]
    assert await store.waiting_for_agent(limit=9) == []


async def test_no_report_takes_an_execution_back_into_a_queue(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    await store.record_moves([move("a", State.STARTED)])
    for state in (State.ACCEPTED, State.QUEUED, State.ASSIGNED, State.PREPARING, State.STARTED):
        assert await store.record_moves([move("a", state)]) == []
    for state in (State.ACCEPTED, State.QUEUED, State.ASSIGNED):
        assert await store.record_moves([move("a", state, 5)]) == []


async def test_a_retry_prepares_and_starts_under_the_next_attempt_and_the_first_start_stays(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    changed = await store.record_moves(
        [
            move("a", State.PREPARING, at=10.0),
            move("a", State.STARTED, at=11.0),
            move("a", State.PREPARING, 2, at=12.0, detail="exit code 3"),
            move("a", State.STARTED, 1, at=13.0),
            move("a", State.STARTED, 2, at=14.0),
            move("a", State.PREPARING, 2, at=15.0),
            move("a", State.SETTLED, 1, at=16.0),
            move("a", State.SETTLED, 2, at=17.0),
        ]
    )
    assert [(execution.state, execution.attempt) for execution in changed] == [
        (State.PREPARING, 1),
        (State.STARTED, 1),
        (State.PREPARING, 2),
        (State.STARTED, 2),
        (State.SETTLED, 2),
    ]
    assert changed[2].detail == "exit code 3"
    assert (changed[-1].started_at, changed[-1].settled_at) == (11.0, 17.0)


async def test_a_later_attempt_counts_even_when_reports_between_are_missing(store: Store) -> None:
    await plan_some(store, "a", "b", "c")
    await take(store)
    await store.record_moves([move("a", State.STARTED), move("b", State.PREPARING), move("c", State.STARTED)])
    changed = await store.record_moves([move("a", State.STARTED, 2), move("b", State.PREPARING, 2), move("c", State.SETTLED, 3)])
    assert [(execution.new.id, execution.state, execution.attempt) for execution in changed] == [
        ("a", State.STARTED, 2),
        ("b", State.PREPARING, 2),
        ("c", State.SETTLED, 3),
    ]


async def test_reports_of_unknown_executions_change_nothing_and_do_not_hinder_the_others(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    assert ids(await store.record_moves([move("nobody", State.SETTLED), move("a", State.STARTED)])) == ["a"]
    assert await store.record_moves([]) == []


async def test_a_call_with_a_report_that_cannot_be_stored_stores_nothing(store: Store) -> None:
    await plan_some(store, "a", "b")
    await take(store)
    good = move("a", State.SETTLED, completion=event("a", source="attune:executions"))
    for error, bad in (
        (OutcomeMissing, replace(move("b", State.SETTLED), outcome=None)),
        (JsonRefused, replace(move("b", State.SETTLED), result=float("nan"))),
        (JsonRefused, move("b", State.SETTLED, completion=event("b", data={"bad": "\udfff"}))),
    ):
        with pytest.raises(error):
            await store.record_moves([good, bad])
    assert (await found(store, "a")).state is State.QUEUED
    assert await store.find_event("attune:executions", "a") is None


async def test_a_completion_event_that_is_there_already_stays_the_first_one(store: Store) -> None:
    await plan_some(store, "a")
    await store.accept_event(event("a", source="attune:executions", data={"first": True}))
    await take(store)
    await store.record_moves([move("a", State.SETTLED, completion=event("a", source="attune:executions", data={"first": False}))])
    stored = await store.find_event("attune:executions", "a")
    assert stored is not None
    assert stored.new.data == {"first": True}


async def test_what_a_completion_event_tells_of_is_an_event_of_the_same_commit(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    done = replace(event("a", source="attune:executions"), notice=event("full", source="attune:controller"))
    with pytest.raises(OutcomeMissing):
        await store.record_moves([move("a", State.SETTLED, completion=done), replace(move("b", State.SETTLED), outcome=None)])
    assert await store.find_event("attune:controller", "full") is None
    await store.record_moves([move("a", State.SETTLED, completion=done)])
    assert [stored.new.id for stored in await store.unplanned(limit=9)][-2:] == ["a", "full"]


async def test_only_a_settling_report_makes_a_completion_event(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    await store.record_moves([move("a", State.STARTED, completion=event("a", source="attune:executions"))])
    assert await store.find_event("attune:executions", "a") is None


async def test_completion_events_take_the_next_positions_in_the_order_of_the_reports(store: Store) -> None:
    await plan_some(store, "a", "b")
    before = (await store.accept_event(event("before"))).position
    await take(store)
    await store.record_moves([move(name, State.SETTLED, completion=event(name, source="attune:executions")) for name in ("b", "a")])
    waiting = [(stored.new.id, stored.position > before) for stored in await store.unplanned(limit=9)]
    assert waiting == [("before", False), ("b", True), ("a", True)]


async def test_cancelled_before_hand_over_is_settled_with_its_event_and_never_handed_over(store: Store) -> None:
    await plan_some(store, "a", "b")
    await plan_some(store, "c", agent="")
    for name in ("a", "c"):
        after = await store.request_cancel(name, cancelled(name, completion=event(name, source="attune:executions")))
        assert (after.state, after.outcome, after.reason, after.cancelling) == (State.SETTLED, Outcome.CANCELLED, Reason.OPERATOR, False)
        assert after == await found(store, name)
        assert await store.find_event("attune:executions", name) is not None
    assert await take(store) == [("b", 0)]
    assert await store.unsettled_load() == {"web1": 1}


async def test_cancelled_after_hand_over_is_cancelling_until_the_agent_answers(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    for _ in range(2):
        after = await store.request_cancel("a", cancelled("a", completion=event("a", source="attune:executions")))
        assert (after.state, after.cancelling, after.outcome) == (State.QUEUED, True, None)
        assert after == await found(store, "a")
    assert ids(await store.handed_cancels("web1")) == ["a"]
    assert await store.handed_cancels("web2") == []
    assert await store.find_event("attune:executions", "a") is None
    await store.record_moves([move("a", State.STARTED)])
    assert ids(await store.handed_cancels("web1")) == ["a"]
    (end,) = await store.record_moves([move("a", State.SETTLED)])
    assert not end.cancelling
    assert await store.handed_cancels("web1") == []


async def test_what_is_settled_or_unknown_cannot_be_cancelled(store: Store) -> None:
    await plan_some(store, "a")
    await store.request_cancel("a", cancelled("a"))
    with pytest.raises(NotCancellable):
        await store.request_cancel("a", cancelled("a"))
    with pytest.raises(ExecutionUnknown):
        await store.request_cancel("b", cancelled("b"))
    await plan_some(store, "c")
    with pytest.raises(NotCancellable):
        await store.request_cancel("c", move("c", State.STARTED))
    assert (await found(store, "c")).state is State.QUEUED


async def test_executions_without_an_agent_wait_in_the_order_of_their_events(store: Store) -> None:
    first = (await store.accept_event(event("1"))).position
    second = (await store.accept_event(event("2"))).position
    await store.record_plans([plan(second, request("late", second, agent=""))])
    await store.record_plans([plan(first, request("a", first, agent=""), request("b", first), request("c", first, agent=""))])
    waiting = await store.waiting_for_agent(limit=9)
    assert ids(waiting) == ["a", "c", "late"]
    assert ids(await store.waiting_for_agent(limit=1)) == ["a"]
    assert ids(await store.waiting_for_agent(limit=9, after=(first, waiting[0].number))) == ["c", "late"]
    assert ids(await store.waiting_for_agent(limit=9, after=(second, waiting[2].number))) == []


async def test_a_placed_execution_goes_to_the_end_of_its_agents_queue(store: Store) -> None:
    (waiting,) = await plan_some(store, "early", agent="")
    await plan_some(store, "a", agent="web2")
    assert await store.unsettled_load() == {"web2": 1}
    placed = await store.place("early", "web2")
    assert (placed.agent, placed.new.agent, placed.epoch, placed.sequence, placed.state) == ("web2", "web2", 0, 2, State.QUEUED)
    assert placed == await found(store, "early")
    assert placed.number == waiting.number
    assert await store.waiting_for_agent(limit=9) == []
    assert await store.unsettled_load() == {"web2": 2}
    assert await take(store, "web2") == [("a", 0), ("early", 1)]
    assert await store.keyed_agents([("web.restart", "null")]) == {("web.restart", "null"): "web2"}


async def test_placing_what_does_not_wait_changes_nothing(store: Store) -> None:
    (made,) = await plan_some(store, "a")
    assert await store.place("a", "web2") == made
    await plan_some(store, "b", agent="")
    settled = await store.request_cancel("b", cancelled("b"))
    assert await store.place("b", "web2") == settled
    with pytest.raises(ExecutionUnknown):
        await store.place("nobody", "web1")
    assert await store.unsettled_load() == {"web1": 1}


async def test_load_holders_depths_and_counts_follow_the_unsettled_work(store: Store) -> None:
    assert await store.counts() == Counts(events_waiting=0, executions_unsettled=0, agents_enrolled=0)
    await plan_some(store, "a", "b", key='"x"')
    await plan_some(store, "c", agent="web2", key='"y"')
    await plan_some(store, "d", agent="", key='"z"')
    await store.accept_event(event("waiting"))
    keys = [("web.restart", '"x"'), ("web.restart", '"y"'), ("web.restart", '"z"'), ("web.check", '"x"')]
    assert await store.keyed_agents(keys) == {keys[0]: "web1", keys[1]: "web2"}
    assert await store.unsettled_load() == {"web1": 2, "web2": 1}
    assert await store.counts() == Counts(events_waiting=1, executions_unsettled=4, agents_enrolled=0, queues=2)
    await take(store)
    await store.record_moves([move("a", State.SETTLED), move("b", State.STARTED)])
    await store.request_cancel("c", cancelled("c"))
    await store.request_cancel("d", cancelled("d"))
    assert await store.keyed_agents(keys) == {keys[0]: "web1"}
    assert await store.keyed_agents([]) == {}
    assert await store.unsettled_load() == {"web1": 1}
    counts = await store.counts()
    assert (counts.executions_unsettled, counts.queues) == (1, 1)


async def test_several_holders_of_a_key_are_answered_by_the_first_name(store: Store) -> None:
    await plan_some(store, "a", agent="web2", key='"x"')
    await plan_some(store, "b", agent="web1", key='"x"')
    assert await store.keyed_agents([("web.restart", '"x"')]) == {("web.restart", '"x"'): "web1"}
