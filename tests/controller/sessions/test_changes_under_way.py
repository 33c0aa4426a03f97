"""What happens to work that is waiting or running: cancels, new revisions, questions for logs, and restarts of the controller."""

import asyncio
import base64
from pathlib import Path

import httpx2

from attune_core.states import Outcome, Reason, State
from attune_core.wire.agent_frames import LogWindow
from attune_core.wire.api import LogView
from attune_core.wire.stream_frames import ActivateFrame, CancelFrame, ReadLogFrame
from tests.controller.live import Live, live
from tests.controller.reconcile.conftest import FILES, RESTART
from tests.controller.sessions.test_hand_over import report, send, states


async def test_what_was_never_handed_over_is_cancelled_at_once_and_never_handed_over(it: Live) -> None:
    agent = await it.enrol("one")
    (position,) = await send(it, "a")
    (view,) = await it.executions(position)
    answer = await it.post(f"/v1/executions/{view.id}/cancel", {})
    assert answer.is_success
    view = await it.execution(view.id)
    assert (view.state, view.outcome, view.reason) == ("settled", "cancelled", "operator")
    spoken = await agent.hello()
    assert await spoken.quiet()
    await send(it, "b")
    (assign,) = await spoken.assigned()
    assert (assign.sequence, assign.after) == (2, 0)


async def test_a_cancel_of_handed_work_is_asked_for_again_until_the_agent_answers(it: Live) -> None:
    agent = await it.enrol("one")
    spoken = await agent.hello()
    await send(it, "a")
    (assign,) = await spoken.assigned()
    await spoken.say(spoken.ack(assign))
    await it.post(f"/v1/executions/{assign.execution}/cancel", {})
    frame = await spoken.next(CancelFrame)
    assert isinstance(frame, CancelFrame)
    assert (frame.body.execution, frame.body.reason) == (assign.execution, Reason.OPERATOR)
    assert (await it.execution(assign.execution)).conditions == ["cancelling"]
    await spoken.close()
    again = await agent.hello(held={("web.restart", "null"): 1})
    assert await again.next(CancelFrame)
    await again.say(report(assign, State.SETTLED, Outcome.CANCELLED, attempt=0, reason=Reason.OPERATOR))
    assert (await it.execution(assign.execution)).outcome == "cancelled"
    await again.close()
    assert await (await agent.hello(held={("web.restart", "null"): 1})).quiet()


async def test_a_removed_action_cancels_what_has_not_started(it: Live) -> None:
    await it.enrol("one")
    spoken = await (await it.enrol("two")).hello()
    await send(it, "a", "b")
    assigns = await spoken.assigned(2)
    await spoken.say(spoken.ack(assigns[1]), report(assigns[0], State.STARTED))
    await spoken.close()
    (position,) = await send(it, "c")
    (waiting,) = await it.executions(position)
    again = await spoken.agent.hello(held={("web.restart", "null"): 2})
    if waiting.agent == "two":
        await again.assigned()
    await it.live_at(it.pushes.remove("packs/web/rules/on_alert.yaml", "packs/web/actions/restart.yaml"))
    assert isinstance(await again.next(ActivateFrame), ActivateFrame)
    frame = await again.next(CancelFrame)
    assert isinstance(frame, CancelFrame)
    assert frame.body.reason is Reason.REMOVED
    assert frame.body.execution in {assigns[1].execution, waiting.id}
    assert await states(it, assigns) == ["started", "assigned"]
    if waiting.agent == "one":
        waiting = await it.execution(waiting.id)
        assert (waiting.outcome, waiting.reason) == ("cancelled", "removed")


async def test_a_new_revision_brings_its_policies_to_work_handed_over_before(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    await send(it, "a")
    (assign,) = await spoken.assigned()
    changed = RESTART + "concurrency: {limit: 3}\ntimeout: 7s\nretry: {maximum_attempts: 2, after: [failed]}\n"
    commit = it.pushes.publish({"packs/web/actions/restart.yaml": changed})
    frame = await spoken.next(ActivateFrame)
    assert isinstance(frame, ActivateFrame)
    policy = frame.body.policies["web.restart"]
    assert (frame.body.revision, policy.limit, policy.timeout) == (commit, 3, 7.0)
    assert (policy.retry.maximum_attempts, policy.retry.after) == (2, (Outcome.FAILED,))
    await send(it, "b")
    (later,) = await spoken.assigned()
    assert (later.policy, later.revision) == (policy, commit)
    assert later.digest != assign.digest
    welcome = (await spoken.agent.greet(held={("web.restart", "null"): 1})).welcome
    assert (welcome.revision, welcome.policies) == (commit, {"web.restart": policy})


async def test_a_window_of_a_log_is_asked_for_and_relayed(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    await send(it, "a")
    (assign,) = await spoken.assigned()
    await spoken.say(spoken.ack(assign), report(assign, State.STARTED))
    path = f"/v1/executions/{assign.execution}/logs?stream=stdout&offset=0&limit=100"
    asked = asyncio.create_task(it.client.get(path))
    frame = await spoken.next(ReadLogFrame)
    assert isinstance(frame, ReadLogFrame)
    assert (frame.body.execution, frame.body.stream, frame.body.limit) == (assign.execution, "stdout", 100)
    content = base64.b64encode(b"hello\n" * 10).decode()
    window = LogWindow(request=frame.body.request, offset=0, content=content, total=60, ended=False)
    other = await (await it.enrol("other", {"role": "db"})).hello()
    await other.say(window.model_copy(update={"content": ""}).model_dump(), kind="log_window")
    await spoken.say(window.model_copy(update={"request": "another"}).model_dump(), kind="log_window")
    await spoken.say(window.model_dump(), window.model_dump(), kind="log_window")
    assert LogView.model_validate_json((await asked).content).content == content


async def test_a_question_for_logs_of_an_agent_that_is_away_says_so(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    await send(it, "a")
    (assign,) = await spoken.assigned()
    await spoken.say(spoken.ack(assign), report(assign, State.STARTED))
    path = f"/v1/executions/{assign.execution}/logs?stream=stdout&offset=0&limit=100"
    asked = asyncio.create_task(it.client.get(path))
    await spoken.next(ReadLogFrame)
    await spoken.close()
    for answer in (await asked, await it.client.get(path)):
        assert (answer.status_code, answer.json()["code"]) == (httpx2.codes.SERVICE_UNAVAILABLE, "ATT535")


async def test_a_restart_goes_on_with_everything_it_had_answered(tmp_path: Path) -> None:
    async with live(tmp_path, FILES) as it:
        agent = await it.enrol("one")
        spoken = await agent.hello()
        await send(it, "a", "b")
        first = await spoken.assigned(2)
        await spoken.say(spoken.ack(first[0]))
        await spoken.close()
        await send(it, "c")
        commit = (await it.status()).sync.active_revision
        it.pushes.bare.rename(it.pushes.bare.with_name("away.git"))
        instance = (await it.status()).incarnation
    (tmp_path / "origin/away.git").rename(tmp_path / "origin/origin.git")
    async with live(tmp_path, None, poll="1h") as it:
        status = await it.status()
        assert (status.incarnation, status.sync.active_revision) == (instance, commit)
        agent.url, agent.closing = it.agents_url, it.closing
        again = await agent.hello(held={("web.restart", "null"): 1})
        second = await again.assigned(2)
        assert [(item.sequence, item.after) for item in second] == [(2, 1), (3, 2)]
        assert second[0].execution == first[1].execution
