"""What operators say of agents, as the agents hear it, and what it does to the hand-over."""

from pathlib import Path

from attune_core.states import Outcome, State
from attune_core.values import JsonObject
from attune_core.wire.api import AgentView
from attune_core.wire.stream_frames import AssignFrame, DrainFrame, PauseFrame
from tests.controller.live import Live, Spoken, live
from tests.controller.reconcile.conftest import FILES
from tests.controller.sessions.test_hand_over import report, send


async def ask(it: Live, what: str, note: str | None = None, name: str = "one") -> AgentView:
    body: JsonObject = {} if note is None else {"note": note}
    return AgentView.model_validate_json((await it.post(f"/v1/agents/{name}/{what}", body)).raise_for_status().content)


async def paused(spoken: Spoken) -> str | None:
    frame = await spoken.next(PauseFrame)
    assert isinstance(frame, PauseFrame)
    return frame.body.mark.note if frame.body.mark else None


async def test_a_connected_agent_is_told_at_once_and_another_one_with_its_welcome(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    assert spoken.welcome.paused is None
    await ask(it, "pause", "disk swap")
    assert await paused(spoken) == "disk swap"
    await ask(it, "pause", "disk swap")
    await ask(it, "cordon")
    await ask(it, "resume")
    assert await paused(spoken) is None, "a repeated pause and a cordon are not the agent's to know"
    await spoken.close()
    await ask(it, "pause", "again")
    await ask(it, "drain", "goes away")
    welcome = (await spoken.agent.hello()).welcome
    assert welcome.paused is not None
    assert welcome.draining is not None
    assert (welcome.paused.note, welcome.paused.by, welcome.draining.note) == ("again", "admin", "goes away")


async def test_what_is_said_between_a_hello_and_its_stream_is_told_on_the_stream(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.greet()
    await ask(it, "pause", "disk swap")
    await spoken.open()
    assert await paused(spoken) == "disk swap"


async def test_marks_outlive_a_restart_of_the_controller_and_a_new_enrolment(tmp_path: Path) -> None:
    async with live(tmp_path, FILES) as it:
        await it.enrol("one")
        before = await ask(it, "pause", "disk swap")
        await ask(it, "drain", "goes away")
        assert (await (await it.enrol("one")).hello()).welcome.paused is not None
    async with live(tmp_path, None, poll="1h") as it:
        after = AgentView.model_validate_json((await it.get("/v1/agents/one")).content)
        assert [mark.model_dump() for mark in after.marks if mark.kind == "paused"] == [before.marks[0].model_dump()]
        agent = await it.enrol("one")
        assert (await agent.hello()).welcome.draining is not None


async def test_a_draining_agent_keeps_what_it_was_handed_and_gets_the_rest_afterwards(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.hello()
    await send(it, "a", "b")
    first = await spoken.assigned(2)
    await spoken.say(spoken.ack(first[0]))
    await ask(it, "cordon")
    assert (await ask(it, "drain", "goes away")).marks[1].kind == "draining"
    assert isinstance(await spoken.next(DrainFrame), DrainFrame)
    await send(it, "c")
    await spoken.close()
    again = await agent.hello(held={("web.restart", "null"): 1})
    (repeated,) = await again.assigned()
    assert (repeated.execution, repeated.after) == (first[1].execution, 1), "it was handed over and may be there"
    for assign in (first[0], repeated):
        await again.say(again.ack(assign), report(assign, State.STARTED), report(assign, State.SETTLED, Outcome.SUCCEEDED))
    await again.say({"slots": 4, "busy": 0, "draining": True}, kind="status")
    view = AgentView.model_validate_json((await it.get("/v1/agents/one")).content)
    assert ([mark.kind for mark in view.marks], view.in_hand) == (["cordoned", "drained"], 0)
    await ask(it, "uncordon")
    frame = await again.next(DrainFrame)
    assert isinstance(frame, DrainFrame)
    assert frame.body.mark is None
    (third,) = await again.assigned()
    assert (third.sequence, third.after) == (3, 2)


async def test_what_stands_in_a_cordoned_agent_s_queue_goes_on_and_what_is_new_goes_elsewhere(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    await send(it, *(f"a{number}" for number in range(70)))  # more than the window
    first = await spoken.assigned(64)
    other = await (await it.enrol("two")).hello()
    await ask(it, "cordon", "old kernel")
    await send(it, "b")
    (elsewhere,) = await other.assigned()
    assert (elsewhere.sequence, elsewhere.input) == (1, {"unit": "b"})
    await spoken.say(spoken.ack(first[-1]), *(report(assign, State.STARTED) for assign in first[:1]))
    frame = await spoken.next(AssignFrame)
    assert isinstance(frame, AssignFrame)
    assert frame.body.sequence == 65
