"""Queues of the fleet over real sessions: a rolling run, an agent that goes away in it, and a queue that changes its scope."""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path

import pytest

from attune_core.states import Outcome, Reason, State
from attune_core.wire.assignment import Assign
from attune_core.wire.stream_frames import ActivateFrame, CancelFrame, HoldQueuesFrame
from tests.controller.live import Live, Spoken, live, until
from tests.controller.reconcile.conftest import FILES
from tests.controller.sessions.test_forgetting import forget
from tests.controller.sessions.test_hand_over import report, send

RESTART, RULE = "packs/web/actions/restart.yaml", "packs/web/rules/on_alert.yaml"


def scoped(concurrency: str, *, pick: str = "all", more: str = "") -> Mapping[str, str]:
    return {
        **FILES,
        RESTART: f"{FILES[RESTART]}concurrency: {concurrency}\n{more}",
        RULE: FILES[RULE].replace("{role: web}", f"{{role: web}}, pick: {pick}"),
    }


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody tells of is found soon."""
    monkeypatch.setattr("attune_controller.turns.INTERVAL", 0.2)


@pytest.fixture
async def rolling(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path, scoped("{limit: 1, scope: fleet}")) as it:
        yield it


async def end(spoken: Spoken, assign: Assign, outcome: Outcome = Outcome.SUCCEEDED) -> None:
    await spoken.say(spoken.ack(assign), report(assign, State.STARTED), report(assign, State.SETTLED, outcome))


async def three(it: Live) -> list[Spoken]:
    return [await (await it.enrol(name)).hello() for name in ("one", "three", "two")]


async def test_a_rolling_run_goes_from_agent_to_agent_in_the_order_of_their_names(rolling: Live) -> None:
    agents = await three(rolling)
    await send(rolling, "a", "b")
    for round_ in range(2):
        for number, spoken in enumerate(agents):
            (assign,) = await spoken.assigned()
            assert (assign.queue.place, assign.sequence) == ("*", 3 * round_ + number + 1)
            assert assign.after == (number + 1 if round_ else 0), "of this agent's own chain"
            assert all([await other.quiet(0.05) for other in agents])
            await end(spoken, assign)


async def test_a_rolling_run_goes_on_after_a_failure(rolling: Live) -> None:
    one, three_, two = await three(rolling)
    await send(rolling, "a")
    await end(one, (await one.assigned())[0], Outcome.FAILED)
    await end(three_, (await three_.assigned())[0], Outcome.TIMED_OUT)
    assert len(await two.assigned()) == 1


async def test_an_agent_that_is_away_holds_the_run_and_says_so_and_forgetting_it_frees_the_run(rolling: Live) -> None:
    one, three_, two = await three(rolling)
    await send(rolling, "a")
    await end(one, (await one.assigned())[0])
    await three_.assigned()
    await three_.close()
    await until_it_is(rolling, "2", "unreachable")
    assert (await rolling.execution("3")).state is State.QUEUED
    assert await two.quiet()
    await forget(rolling, "three")
    await end(two, (await two.assigned())[0])
    assert [(await rolling.execution(name)).outcome for name in "123"] == [Outcome.SUCCEEDED, Outcome.LOST, Outcome.SUCCEEDED]


async def test_an_agent_that_is_away_before_its_turn_holds_the_run_when_it_comes(rolling: Live) -> None:
    one, three_, two = await three(rolling)
    await three_.close()
    await send(rolling, "a")
    await end(one, (await one.assigned())[0])
    await until_it_is(rolling, "2", "held")
    assert await two.quiet()
    await forget(rolling, "three")
    view = await rolling.execution("2")
    assert (view.outcome, view.detail) == (Outcome.REJECTED, "it was for three alone, and three was forgotten")
    assert len(await two.assigned()) == 1


async def test_what_an_agent_was_handed_of_the_fleet_s_queue_comes_again_after_a_lost_connection(rolling: Live) -> None:
    one, *_ = await three(rolling)
    await send(rolling, "a")
    (first,) = await one.assigned()
    await one.close()
    again = await one.agent.hello()
    (repeated,) = await again.assigned()
    assert (repeated.execution, repeated.sequence, repeated.after) == (first.execution, 1, 0)
    await again.say(again.ack(repeated))
    assert (await rolling.execution("1")).state is State.ASSIGNED
    await again.close()
    once_more = await one.agent.hello(place="*", held={("web.restart", "null"): 1})
    assert await once_more.quiet()


async def test_a_cancelled_turn_is_passed_over(rolling: Live) -> None:
    one, three_, two = await three(rolling)
    await send(rolling, "a")
    (first,) = await one.assigned()
    (await rolling.post("/v1/executions/2/cancel", {})).raise_for_status()
    await end(one, first)
    assert len(await two.assigned()) == 1
    assert await three_.quiet(0.05)


async def test_a_larger_limit_lets_the_next_begin_when_the_one_before_has_started(tmp_path: Path) -> None:
    async with live(tmp_path, scoped("{limit: 2, scope: fleet}")) as it:
        one, three_, two = await three(it)
        await send(it, "a")
        (first,) = await one.assigned()
        await one.say(one.ack(first))
        assert await three_.quiet()
        await one.say(report(first, State.STARTED))
        (second,) = await three_.assigned()
        await three_.say(three_.ack(second), report(second, State.STARTED))
        assert await two.quiet()
        await end(three_, second)
        assert len(await two.assigned()) == 1


async def test_a_rate_of_the_fleet_lets_go_over_time_and_is_not_the_agents_to_count(tmp_path: Path) -> None:
    files = scoped("{limit: 9}", pick="any", more="rate: {limit: 2, per: 1s, scope: fleet}\n")
    async with live(tmp_path, files) as it:
        spoken = await (await it.enrol("one")).hello()
        await send(it, "a", "b", "c", "d")
        assigns = await spoken.assigned(4)
        assert [item.sequence for item in assigns] == [1, 2, 3, 4]
        assert {item.policy.rate for item in assigns} == {None}


async def test_a_queue_that_a_rate_of_the_fleet_holds_says_until_when(tmp_path: Path) -> None:
    files = scoped("{limit: 1, scope: fleet}", pick="any", more="rate: {limit: 1, per: 1h, scope: fleet}\n")
    async with live(tmp_path, files) as it:
        spoken = await (await it.enrol("one")).hello()
        await send(it, "a", "b")
        await end(spoken, (await spoken.assigned())[0])

        async def told() -> bool:
            answer = await it.client.get("/v1/queues/*/web.restart")
            if answer.status_code == HTTPStatus.NOT_FOUND:  # the second is not planned yet
                return False
            shown = answer.json()
            waits = str(shown["items"][0]["waiting_for"])
            (listed,) = (await it.get("/v1/executions?state=queued")).json()["items"] or [shown["queue"]]
            return (
                waits.startswith("rate of all agents: next start at ") and shown["queue"]["waiting_for"] == waits == listed["waiting_for"]
            )

        await until(told)


async def test_what_comes_while_a_skipping_queue_of_the_fleet_is_busy_is_not_run(tmp_path: Path) -> None:
    async with live(tmp_path, scoped("{limit: 1, scope: fleet, when_busy: skip}", pick="any")) as it:
        one = await (await it.enrol("one")).hello()
        await send(it, "a")
        (a,) = await one.assigned()
        assert a.policy.when_busy == "queue", "one agent does not know all of the queue"
        await send(it, "b")
        await until_it_ended(it, "2", Reason.SKIPPED)
        await end(one, a)
        await send(it, "c")
        assert [item.input for item in await one.assigned()] == [{"unit": "c"}]


async def test_the_newest_of_a_superseding_queue_of_the_fleet_starts_when_the_older_have_ended(tmp_path: Path) -> None:
    async with live(tmp_path, scoped("{limit: 1, scope: fleet, when_busy: cancel_running}", pick="any")) as it:
        one = await (await it.enrol("one")).hello()
        await send(it, "a")
        (a,) = await one.assigned()
        await one.say(one.ack(a), report(a, State.STARTED))
        await send(it, "b", "c")
        cancel = await one.next(CancelFrame)
        assert isinstance(cancel, CancelFrame)
        assert (cancel.body.execution, cancel.body.reason) == (a.execution, Reason.SUPERSEDED)
        await until_it_ended(it, "2", Reason.SUPERSEDED)
        assert await one.quiet()
        await one.say(report(a, State.SETTLED, Outcome.CANCELLED, reason=Reason.SUPERSEDED))
        assert [item.input for item in await one.assigned()] == [{"unit": "c"}]


async def test_a_paused_queue_of_the_fleet_is_not_handed_over(rolling: Live) -> None:
    one, *_ = await three(rolling)
    (await rolling.post("/v1/queues/pause", {"action": "web.restart", "note": "wait"})).raise_for_status()
    await one.next(HoldQueuesFrame)
    await send(rolling, "a")
    assert await one.quiet()
    (await rolling.post("/v1/queues/resume", {"action": "web.restart"})).raise_for_status()
    await one.next(HoldQueuesFrame)
    assert len(await one.assigned()) == 1


async def test_a_queue_whose_scope_changes_is_another_one_and_the_old_one_drains_in_order(tmp_path: Path) -> None:
    async with live(tmp_path, scoped("{limit: 1}", pick="any")) as it:
        one = await (await it.enrol("one")).hello()
        await send(it, "a", "b")
        assert [(item.queue.place, item.sequence) for item in await one.assigned(2)] == [("one", 1), ("one", 2)]
        await publish(it, one, scoped("{limit: 1, scope: fleet}", pick="any"))
        await send(it, "c", "d")
        (c,) = await one.assigned()
        assert (c.queue.place, c.sequence, c.after) == ("*", 1, 0)
        await publish(it, one, scoped("{limit: 1}", pick="any"))
        await send(it, "e")
        (e,) = await one.assigned()
        assert (e.queue.place, e.sequence, e.after) == ("one", 3, 2)
        assert await one.quiet()
        await end(one, c)
        (d,) = await one.assigned()
        assert (d.queue.place, d.sequence, d.after, d.input) == ("*", 2, 1, {"unit": "d"})


async def publish(it: Live, spoken: Spoken, files: Mapping[str, str]) -> None:
    await it.live_at(it.pushes.publish(files))
    await spoken.next(ActivateFrame)


async def until_it_is(it: Live, execution: str, condition: str) -> None:
    async def holds() -> bool:
        return (await it.execution(execution)).conditions == [condition]

    await until(holds)


async def until_it_ended(it: Live, execution: str, reason: Reason) -> None:
    async def ended() -> bool:
        answer = await it.client.get(f"/v1/executions/{execution}")  # not found until its event is planned
        return answer.is_success and str(answer.json()["reason"]) == reason.value

    await until(ended)
