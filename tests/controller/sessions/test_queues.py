"""Other places in a queue, paused queues and what waits too long, as agents and operators see them."""

from pathlib import Path

import pytest

from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonObject
from attune_core.wire.agent_frames import Report
from attune_core.wire.api import EventView, ExecutionView, Page
from attune_core.wire.assignment import Assign
from attune_core.wire.stream_frames import CancelFrame, HoldQueuesFrame
from tests.controller.live import Live, live, until
from tests.controller.reconcile.conftest import FILES, RESTART
from tests.controller.sessions.test_hand_over import report, send

TAIL = FILES | {"packs/web/actions/restart.yaml": RESTART + "retry: {maximum_attempts: 3, place: tail, initial_interval: 50ms}\n"}


def given_back(assign: Assign, attempts: int) -> Report:
    return report(assign, State.QUEUED, attempt=attempts).model_copy(update={"sequence": assign.sequence})


async def ask(it: Live, path: str, body: JsonObject | None = None) -> int:
    return (await it.post(path, body or {})).status_code


async def test_a_retry_at_the_tail_comes_again_behind_what_waited_with_its_next_attempt(tmp_path: Path) -> None:
    async with live(tmp_path, TAIL) as it:
        spoken = await (await it.enrol("one")).hello()
        await send(it, "a")
        (first,) = await spoken.assigned()
        assert first.policy.retry.place == "tail"
        await spoken.say(spoken.ack(first), report(first, State.STARTED), given_back(first, 1))
        view = await it.execution(first.execution)
        assert (view.state, view.attempt) == ("queued", 1)
        await send(it, "b")
        later = await spoken.assigned(2)
        assert [(one.input["unit"], one.attempt) for one in later] in ([("b", 1), ("a", 2)], [("a", 2), ("b", 1)])
        assert [one.sequence for one in later] == [2, 3]
        assert [one.after for one in later] == [1, 2]
        again = next(one for one in later if one.execution == first.execution)
        await spoken.say(given_back(first, 1), report(again, State.STARTED, attempt=1))
        assert (await it.execution(first.execution)).state == "queued", "what is said of an older place or attempt is old"
        await spoken.say(spoken.ack(later[1]), report(again, State.STARTED, attempt=2))
        assert (await it.execution(first.execution)).state == "started"


async def test_an_agent_is_asked_back_until_it_answers_and_one_that_has_started_keeps_its_place(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.hello()
    await send(it, "a", "b", "c")
    a, b, c = await spoken.assigned(3)
    await spoken.say(spoken.ack(c), report(a, State.STARTED))
    assert await ask(it, f"/v1/executions/{b.execution}/requeue") == 202
    frame = await spoken.next(CancelFrame)
    assert isinstance(frame, CancelFrame)
    assert (frame.body.execution, frame.body.requeue) == (b.execution, True)
    assert (await it.execution(b.execution)).conditions == ["requeuing"]
    await spoken.close()
    again = await agent.hello(held={("web.restart", "null"): 3})
    assert await again.next(CancelFrame)
    await again.say(given_back(b, 0))
    (moved,) = await again.assigned()
    assert (moved.execution, moved.sequence, moved.after, moved.attempt) == (b.execution, 4, 3, 1)
    refused = await it.post(f"/v1/executions/{a.execution}/requeue", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "ATT646")
    assert "execution cancel" in refused.json()["remedy"]


async def test_what_is_cancelled_while_it_is_given_back_is_not_handed_over_again(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    await send(it, "a")
    (a,) = await spoken.assigned()
    await spoken.say(spoken.ack(a))
    assert await ask(it, f"/v1/executions/{a.execution}/cancel") == 202
    await spoken.next(CancelFrame)
    await spoken.say(given_back(a, 0))
    view = await it.execution(a.execution)
    assert (view.state, view.outcome, view.reason) == ("settled", "cancelled", "operator")
    assert await spoken.quiet()


async def test_what_is_given_back_of_an_action_that_is_gone_ends(tmp_path: Path) -> None:
    async with live(tmp_path, TAIL) as it:
        spoken = await (await it.enrol("one")).hello()
        await send(it, "a")
        (a,) = await spoken.assigned()
        await spoken.say(spoken.ack(a), report(a, State.STARTED))
        await it.live_at(it.pushes.remove("packs/web/actions/restart.yaml", "packs/web/rules/on_alert.yaml"))
        await spoken.say(given_back(a, 1))
        view = await it.execution(a.execution)
        assert (view.outcome, view.reason) == (Outcome.CANCELLED, Reason.REMOVED)


async def test_paused_queues_are_told_to_every_agent_whole_and_outlive_a_restart(tmp_path: Path) -> None:
    async with live(tmp_path, FILES) as it:
        spoken = await (await it.enrol("one")).hello()
        assert spoken.welcome.holds == ()
        assert await ask(it, "/v1/queues/pause", {"action": "web.restart", "note": "freeze"}) == 200
        assert await ask(it, "/v1/queues/pause", {"action": "web.restart", "note": "freeze"}) == 200
        assert await ask(it, "/v1/queues/pause", {"action": "web.restart", "key": ' "a" ', "note": "odd"}) == 200
        told = [await spoken.next(HoldQueuesFrame) for _ in range(2)]
        assert isinstance(told[1], HoldQueuesFrame)
        holds = [(hold.action, hold.key, hold.mark.note, hold.mark.by) for hold in told[1].body.holds]
        assert holds == [("web.restart", None, "freeze", "admin"), ("web.restart", '"a"', "odd", "admin")]
        refused = await it.post("/v1/queues/pause", {"action": "web.restrat", "note": "freeze"})
        assert (refused.status_code, refused.json()["code"]) == (404, "ATT428")
        assert "web.restart" in refused.json()["detail"]
    async with live(tmp_path, None, poll="1h") as it:
        agent = await it.enrol("one")
        spoken = await agent.hello()
        assert len(spoken.welcome.holds) == 2
        assert await ask(it, "/v1/queues/resume", {"action": "web.restart"}) == 200
        assert await ask(it, "/v1/queues/resume", {"action": "web.restart"}) == 200
        frame = await spoken.next(HoldQueuesFrame)
        assert isinstance(frame, HoldQueuesFrame)
        assert [hold.key for hold in frame.body.holds] == ['"a"']
        assert await spoken.quiet()
        events = Page[EventView].model_validate_json((await it.get("/v1/events")).content).items
        said = [one.type for one in reversed(events) if one.type.startswith("core.queue")]
        assert said == ["core.queue_paused"] * 2 + ["core.queue_resumed"]


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_nobody_has_and_waits_too_long_expires_also_after_a_restart(tmp_path: Path, restarted: bool) -> None:  # noqa: FBT001
    files = FILES | {"packs/web/actions/restart.yaml": RESTART + f"start_within: {'3s' if restarted else '300ms'}\n"}
    async with live(tmp_path, files) as it:
        await it.enrol("one")
        (position,) = await send(it, "a")
        (view,) = await it.executions(position)
        if not restarted:
            await _expires(it, view)
    if restarted:
        async with live(tmp_path, None, poll="1h") as it:
            await _expires(it, view)


async def _expires(it: Live, view: ExecutionView) -> None:
    async def settled() -> bool:
        return (await it.execution(view.id)).state is State.SETTLED

    await until(settled)
    after = await it.execution(view.id)
    assert (after.outcome, after.reason) == (Outcome.REJECTED, Reason.EXPIRED)
    (newest, *_) = Page[EventView].model_validate_json((await it.get("/v1/events")).content).items
    assert newest.type == "web.restart.completed"


async def test_what_an_agent_has_is_the_agents_to_expire(tmp_path: Path) -> None:
    async with live(tmp_path, FILES | {"packs/web/actions/restart.yaml": RESTART + "start_within: 200ms\n"}) as it:
        spoken = await (await it.enrol("one")).hello()
        await send(it, "a")
        (assign,) = await spoken.assigned()
        assert assign.policy.start_within == 0.2
        assert assign.age < 60
        assert await spoken.quiet(0.5)
        assert (await it.execution(assign.execution)).state == "queued"


async def test_a_queue_shows_who_stands_in_it_and_what_holds_the_first(it: Live) -> None:
    await it.enrol("one")
    first, *_ = [(await it.executions(position))[0] for position in await send(it, "a", "b", "c")]
    assert await ask(it, f"/v1/executions/{first.number}/requeue") == 200
    await ask(it, "/v1/queues/pause", {"action": "web.restart", "note": "freeze"})
    listed = (await it.get("/v1/queues")).json()["items"]
    assert [(one["place"], one["action"], one["waiting"], one["running"], one["head"]) for one in listed] == [
        ("one", "web.restart", 3, 0, 2)
    ]
    assert listed[0]["paused"][0]["note"] == "freeze"
    shown = (await it.get("/v1/queues/one/web.restart?limit=2")).json()
    assert [(one["position"], one["number"], one["sequence"]) for one in shown["items"]] == [(1, 2, 2), (2, 3, 3)]
    rest = (await it.get(f"/v1/queues/one/web.restart?after={shown['next']}&limit=2")).json()
    assert [(one["position"], one["number"], one["sequence"]) for one in rest["items"]] == [(3, 1, 4)]
    missing = await it.client.get("/v1/queues/one/web.restart?key=1")
    assert (missing.status_code, missing.json()["code"]) == (404, "ATT427")
    assert (await it.client.get("/v1/queues/one/web.restart?key=web")).json()["code"] == "ATT412"
