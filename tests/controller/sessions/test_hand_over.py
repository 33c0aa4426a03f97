"""Work on its way to an agent and back: order, windows, repeats, and what an agent may not say."""

import asyncio
from collections.abc import Sequence

import pytest

from attune_core.states import Outcome, Reason, State
from attune_core.wire.agent_frames import Ack, Report
from attune_core.wire.api import EventView, Page
from attune_core.wire.assignment import Assign
from tests.controller.live import Live, Refused, Spoken, queue, until


def report(assign: Assign, state: State, outcome: Outcome | None = None, *, attempt: int = 1, reason: Reason | None = None) -> Report:
    return Report(execution=assign.execution, attempt=attempt, state=state, outcome=outcome, reason=reason, at=1_800_000_000.0)


async def send(it: Live, *names: str) -> list[int]:
    """Send an event of each name and return their positions."""
    return [(await it.event({"unit": name}, name)).position for name in names]


async def states(it: Live, assigns: Sequence[Assign]) -> list[str]:
    return [(await it.execution(assign.execution)).state.value for assign in assigns]


async def test_an_event_becomes_an_assignment_and_its_report_an_end_and_an_event(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.hello()
    accepted = await it.event({"unit": "nginx"}, "e1")
    (assign,) = await spoken.assigned()
    assert (assign.action, assign.input, assign.queue.place) == ("web.restart", {"unit": "nginx"}, "one")
    assert (assign.sequence, assign.after, assign.policy.limit) == (1, 0, 1)
    (view,) = await it.executions(accepted.position)
    assert (view.id, view.state) == (assign.execution, "queued")
    stored = await spoken.say(spoken.ack(assign), report(assign, State.PREPARING), report(assign, State.STARTED))
    assert stored == 3
    assert await states(it, [assign]) == ["started"]
    ended = report(assign, State.SETTLED, Outcome.FAILED, reason=Reason.EXIT_CODE).model_copy(update={"exit_code": 3, "result": {"a": [1]}})
    await spoken.say(ended, ended)
    view = await it.execution(assign.execution)
    assert (view.state, view.outcome, view.reason, view.exit_code, view.result) == ("settled", "failed", "exit_code", 3, {"a": [1]})
    events = Page[EventView].model_validate_json((await it.get("/v1/events")).content).items
    assert [event.type for event in events if not event.type.startswith("core.")] == ["web.restart.completed", "web.alert"]
    completed = EventView.model_validate_json((await it.get(f"/v1/events/{events[0].position}")).content)
    assert (completed.id, completed.subject, completed.hops) == (assign.execution, "one", 1)
    assert isinstance(completed.data, dict)
    assert (completed.data["outcome"], completed.data["result"], completed.data["parent_event"]) == (
        "failed",
        {"a": [1]},
        str(accepted.position),
    )


async def test_after_a_lost_connection_the_chain_goes_on_from_what_the_agent_holds(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.hello()
    await send(it, "a", "b", "c")
    first = await spoken.assigned(3)
    assert [(item.sequence, item.after) for item in first] == [(1, 0), (2, 1), (3, 2)]
    await spoken.say(spoken.ack(first[0]))
    await spoken.close()
    await send(it, "d")
    # It stored the second one too, but its acknowledgement was lost.
    again = await agent.hello(held={("web.restart", "null"): 2})
    second = await again.assigned(2)
    assert [(item.sequence, item.after) for item in second] == [(3, 2), (4, 3)]
    assert second[0].execution == first[2].execution
    assert await states(it, first) == ["assigned", "assigned", "queued"]
    assert await again.quiet()


async def test_an_agent_that_lost_what_it_had_not_acknowledged_gets_it_again_from_the_start(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.hello()
    await send(it, "a", "b")
    first = await spoken.assigned(2)
    await spoken.close()
    for _ in range(3):
        spoken = await agent.hello()
        assert [one.model_copy(update={"age": 0.0}) for one in await spoken.assigned(2)] == [
            one.model_copy(update={"age": 0.0}) for one in first
        ]
        await spoken.close()


async def test_a_repeated_acknowledgement_changes_nothing(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.hello()
    await send(it, "a", "b")
    assigns = await spoken.assigned(2)
    for _ in range(3):
        await spoken.say(spoken.ack(assigns[1]))
    assert await states(it, assigns) == ["assigned", "assigned"]
    await send(it, "c")
    assert [item.sequence for item in await spoken.assigned()] == [3]


async def test_a_refused_gap_ends_the_session_and_the_next_one_repairs_it(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.hello()
    await send(it, "a", "b", "c")
    assigns = await spoken.assigned(3)
    await spoken.say(spoken.ack(assigns[0]))
    await spoken.say(spoken.ack(assigns[0]))  # the second one did not fit
    async with asyncio.timeout(60):
        await spoken.ended.wait()
    again = await agent.hello(held={("web.restart", "null"): 1})
    assert [(item.sequence, item.after) for item in await again.assigned(2)] == [(2, 1), (3, 2)]


async def test_the_65th_of_a_queue_waits_until_one_has_started(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.hello()
    await asyncio.gather(*(it.event({"unit": "u"}, f"e{number}") for number in range(70)))
    assigns = await spoken.assigned(64)
    assert [item.sequence for item in assigns] == list(range(1, 65))
    assert await spoken.quiet()
    await spoken.say(spoken.ack(assigns[63]))
    assert await spoken.quiet()
    await spoken.say(report(assigns[0], State.STARTED))
    assert [item.sequence for item in await spoken.assigned()] == [65]
    assert await spoken.quiet()
    await spoken.say(*(report(item, State.SETTLED, Outcome.CANCELLED, attempt=0) for item in assigns[1:5]))
    assert [item.sequence for item in await spoken.assigned(4)] == [66, 67, 68, 69]


async def test_a_window_that_was_filled_in_an_earlier_session_opens_in_the_next(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.hello()
    await asyncio.gather(*(it.event({"unit": "u"}, f"e{number}") for number in range(66)))
    assigns = await spoken.assigned(64)
    await spoken.say(spoken.ack(assigns[63]))
    await spoken.close()
    again = await agent.hello(held={("web.restart", "null"): 64})
    assert await again.quiet()
    await again.say(report(assigns[0], State.STARTED))
    assert [(item.sequence, item.after) for item in await again.assigned()] == [(65, 64)]


async def test_a_newer_session_ends_the_older(it: Live) -> None:
    agent = await it.enrol("one")
    older = await agent.hello()
    newer = await agent.hello()
    async with asyncio.timeout(60):
        await older.ended.wait()
    with pytest.raises(Refused, match="409 ATT532"):
        await older.say(Ack(queue=queue("one", "web.restart"), epoch=0, last=0))
    await send(it, "a")
    assert len(await newer.assigned()) == 1
    with pytest.raises(Refused, match="409 ATT532"):
        await Spoken(agent=agent, client=agent.client(), welcome=newer.welcome).open()


async def test_an_agent_cannot_speak_for_another(it: Live) -> None:
    one = await (await it.enrol("one")).hello()
    other = await (await it.enrol("other", {"role": "db"})).hello()
    await send(it, "a")
    (assign,) = await one.assigned()
    assert await other.say(other.ack(assign), report(assign, State.SETTLED, Outcome.SUCCEEDED)) == 2
    assert await states(it, [assign]) == ["queued"]
    with pytest.raises(Refused, match="ATT532"):
        await Spoken(agent=other.agent, client=other.client, welcome=one.welcome).say(one.ack(assign))
    await one.say(one.ack(assign))
    assert await states(it, [assign]) == ["assigned"]


async def test_reports_that_make_no_sense_are_left_out_and_never_asked_for_again(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    await send(it, "a")
    (assign,) = await spoken.assigned()
    await spoken.say(spoken.ack(assign))
    wrong = [report(assign, state).model_dump(mode="json") for state in (State.ACCEPTED, State.QUEUED, State.ASSIGNED, State.SETTLED)]
    wrong.append(wrong[0] | {"state": "started", "execution": "0192a000-0000-7000-8000-000000000000"})
    assert await spoken.say(*wrong, report(assign, State.PREPARING), kind="report") == 7
    assert await states(it, [assign]) == ["preparing"]


async def test_labels_of_time_are_kept_within_what_can_be_shown(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    await send(it, "a")
    (assign,) = await spoken.assigned()
    await spoken.say(spoken.ack(assign), report(assign, State.STARTED).model_copy(update={"at": 1e300}))
    assert (await it.execution(assign.execution)).started_at.startswith("9999-")


async def test_a_numbered_frame_counts_once(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    await send(it, "a")
    (assign,) = await spoken.assigned()
    assert await spoken.say(spoken.ack(assign)) == 1
    spoken.n = 0
    assert await spoken.say(report(assign, State.STARTED)) == 1
    assert await states(it, [assign]) == ["assigned"]


async def test_an_agent_that_appears_gets_what_waited_for_it(it: Live) -> None:
    await send(it, "a")
    agent = await it.enrol("late")
    spoken = await agent.hello()
    assert (await spoken.assigned())[0].input == {"unit": "a"}


async def test_the_fleet_knows_who_is_connected(it: Live) -> None:
    agent = await it.enrol("one")
    assert (await it.get("/v1/agents")).json()["items"][0]["state"] == "unreachable"
    spoken = await agent.hello()
    assert (await it.get("/v1/agents")).json()["items"][0]["state"] == "connected"
    await spoken.say({"slots": 4, "busy": 2}, kind="status")
    assert (await it.get("/v1/agents")).json()["items"][0]["busy"] == 2
    await spoken.close()

    async def unreachable() -> bool:
        return str((await it.get("/v1/agents")).json()["items"][0]["state"]) == "unreachable"

    await until(unreachable)


async def test_an_agent_of_thirty_thousand_queues_is_greeted(it: Live) -> None:
    """It names every queue it ever had: only so can nothing that was handed over be handed over anew."""
    agent = await it.enrol("one")
    spoken = await agent.hello(held={("web.restart", f'"{number}"'): 1 for number in range(30_000)})
    assert await spoken.quiet()
