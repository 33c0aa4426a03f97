"""Agents that are forgotten, and agents that come back: as they were, anew, or with what was declared lost."""

import asyncio
from pathlib import Path

import pytest

from attune_core.states import Outcome, State
from attune_core.wire.api import EventView, ForgottenView, Page
from tests.controller.live import Live, Refused, live
from tests.controller.reconcile.conftest import FILES
from tests.controller.sessions.test_hand_over import report, send, states


async def forget(it: Live, name: str = "one") -> ForgottenView:
    answer = await it.post(f"/v1/agents/{name}/forget", {"note": "the host is gone"})
    return ForgottenView.model_validate_json(answer.raise_for_status().content)


async def outcomes(it: Live, *numbers: int) -> list[tuple[str, str, str]]:
    views = [await it.execution(str(number)) for number in numbers]
    return [(view.agent, view.state.value, view.reason.value if view.reason else "") for view in views]


async def test_what_a_forgotten_agent_was_handed_is_lost_and_the_rest_goes_elsewhere_in_order(it: Live) -> None:
    one = await (await it.enrol("one")).hello()
    await send(it, *(f"e{number}" for number in range(70)))  # more than the window
    handed = await one.assigned(64)
    await one.say(one.ack(handed[-1]), report(handed[0], State.STARTED))
    two = await (await it.enrol("two")).hello()
    departure = await forget(it)
    assert departure.ended >= 64
    assert departure.ended + departure.released == 70
    async with asyncio.timeout(60):
        await one.ended.wait()
    again = await two.assigned(departure.released)
    assert [(item.sequence, item.after) for item in again] == [(n, n - 1) for n in range(1, departure.released + 1)]
    assert [item.input["unit"] for item in again] == [f"e{number}" for number in range(departure.ended, 70)]
    assert await outcomes(it, 1, 64) == [("one", "settled", "agent_forgotten")] * 2
    assert (await it.execution("1")).outcome is Outcome.LOST
    events = Page[EventView].model_validate_json((await it.get("/v1/events?limit=200")).content).items
    assert sum(event.type == "web.restart.completed" for event in events) == departure.ended
    (told,) = [event for event in events if event.type == "core.agent_forgotten"]
    assert EventView.model_validate_json((await it.get(f"/v1/events/{told.position}")).content).data == {
        "agent": "one",
        "by": "admin",
        "note": "the host is gone",
    }


async def test_the_work_of_a_forgotten_agent_that_nobody_else_can_do_waits_and_newer_work_stays_behind_it(it: Live) -> None:
    agent = await it.enrol("one")
    positions = await send(it, "a", "b")
    assert [(await it.executions(position))[0].agent for position in positions] == ["one", "one"]
    assert (await forget(it)).released == 2
    await send(it, "c")
    other = await it.enrol("two")
    spoken = await other.hello()
    assert [item.input["unit"] for item in await spoken.assigned(3)] == ["a", "b", "c"]
    with pytest.raises(Refused, match="403 ATT650"):
        await agent.hello()


async def test_a_forgotten_agent_s_session_and_certificate_are_void_at_once(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.hello()
    unopened = await it.enrol("two", {"role": "db"})
    greeted = await unopened.greet()
    await send(it, "a")
    (assign,) = await spoken.assigned()
    for name in ("one", "two"):
        await forget(it, name)
    with pytest.raises(Refused, match="403 ATT650"):
        await spoken.say(spoken.ack(assign), report(assign, State.SETTLED, Outcome.SUCCEEDED))
    with pytest.raises(Refused, match="403 ATT650"):
        await greeted.open()
    with pytest.raises(Refused, match="403 ATT650"):
        await agent.hello(previous=spoken.welcome.session)
    view = await it.execution(assign.execution)
    assert (view.outcome, view.detail) == (Outcome.LOST, "one was forgotten")
    assert (await it.get("/v1/agents")).json()["items"] == []
    assert (await it.post("/v1/agents/one/forget", {"note": "again"})).status_code == 404


async def test_a_forgotten_agent_that_joins_again_with_its_old_state_is_refused_and_with_an_empty_one_is_new(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.hello()
    await send(it, "a")
    (assign,) = await spoken.assigned()
    await spoken.say(spoken.ack(assign))
    await forget(it)
    agent = await it.enrol("one")
    with pytest.raises(Refused, match="403 ATT650"):
        await agent.hello(previous=spoken.welcome.session, held={("web.restart", "null"): 1})
    agent.instance = "instance-2"
    again = await agent.hello()
    assert await again.say(report(assign, State.SETTLED, Outcome.SUCCEEDED)) == 1
    assert (await it.execution(assign.execution)).outcome is Outcome.LOST
    await send(it, "b")
    (fresh,) = await again.assigned()
    assert (fresh.epoch, fresh.sequence, fresh.after) == (1, 2, 0)


async def test_an_agent_that_lost_its_disk_and_joined_anew_loses_what_it_was_handed_and_keeps_the_rest(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.hello()
    await send(it, *(f"e{number}" for number in range(66)))
    handed = await spoken.assigned(64)
    await spoken.say(spoken.ack(handed[-1]), report(handed[0], State.SETTLED, Outcome.SUCCEEDED))
    await spoken.assigned()
    agent = await it.enrol("one")
    agent.instance = "instance-2"
    again = await agent.hello()
    (fresh,) = await again.assigned()
    assert (fresh.epoch, fresh.sequence, fresh.after, fresh.input) == (1, 66, 0, {"unit": "e65"})
    assert [(await it.execution(name)).outcome for name in ("1", "2", "65")] == [Outcome.SUCCEEDED, Outcome.LOST, Outcome.LOST]
    await again.say(again.ack(fresh), *(report(item, State.SETTLED, Outcome.SUCCEEDED) for item in handed))
    assert await states(it, [fresh]) == ["assigned"]
    assert (await it.execution("3")).outcome is Outcome.LOST
    agent.instance = "instance-1"
    with pytest.raises(Refused, match="403 ATT650"):
        await agent.hello()


async def test_a_certificate_that_was_replaced_is_another_refusal_than_one_that_was_forgotten(it: Live) -> None:
    old = await it.enrol("one")
    await it.enrol("one")
    with pytest.raises(Refused, match="403 ATT653"):
        await old.hello()


async def test_a_forgetting_that_was_answered_holds_through_a_restart(tmp_path: Path) -> None:
    async with live(tmp_path, FILES) as it:
        agent = await it.enrol("one")
        spoken = await agent.hello()
        await send(it, "a")
        await spoken.assigned()
        await forget(it)
    async with live(tmp_path, None, poll="1h") as it:
        assert (await it.execution("1")).outcome is Outcome.LOST
        assert (await it.get("/v1/agents")).json()["items"] == []
