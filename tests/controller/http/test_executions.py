"""/v1/executions: what is shown, runs that people ask for, cancelling, and logs from the agent."""

import base64

import pytest

from attune_controller.fleet import Fleet
from attune_controller.http.resources import executions
from attune_controller.store.records.agents import Agent
from attune_controller.store.records.executions import Execution
from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.api import Accepted, ExecutionView, Failure, LogView, Page
from tests.controller.http.executions import plan
from tests.controller.http.house import House

RUN: JsonObject = {"action": "web.restart", "input": {"unit": "web_a"}, "match": {"role": "web"}, "pick": "any"}


async def _hand_over(house: House) -> None:
    await house.store.take_handovers("web-1", window=64, window_bytes=1 << 20, limit=64)


def _connect(fleet: Fleet, name: str = "web-1") -> None:
    fleet.enrolled([Agent(name=name, labels={}, fingerprint="", certificate_expires_at=0, enrolled_at=1)])
    fleet.joined(name)


async def test_an_execution_is_shown_by_id_and_by_number(house: House) -> None:
    [execution] = await plan(house.store, "1")
    async with house.client("read") as client:
        by_id = ExecutionView.model_validate_json((await client.get(f"/v1/executions/{execution.new.id}")).content)
        by_number = ExecutionView.model_validate_json((await client.get("/v1/executions/1")).content)
    assert by_id == by_number
    assert (by_id.number, by_id.event, by_id.agent, by_id.sequence, by_id.state) == (1, 1, "web-1", 1, State.QUEUED)
    assert by_id.input == {"unit": "web_a"}
    assert by_id.secrets == {"token": "web_token"}
    assert (by_id.accepted_at, by_id.started_at) == ("1970-01-01T00:00:03.500000Z", "")


@pytest.mark.parametrize("name", ["2", "0", "-1", "x", "1.0", "9" * 30, "01900001-0000-7000-8000-00000000000g", "%27 OR 1=1"])
async def test_an_execution_that_is_not_there_is_404(house: House, name: str) -> None:
    await plan(house.store, "1")
    async with house.client("read") as client:
        answer = await client.get(f"/v1/executions/{name}")
    assert (answer.status_code, Failure.model_validate_json(answer.content).code) == (404, "ATT611")


async def test_executions_come_in_pages_and_by_what_they_are(house: House) -> None:
    await plan(house.store, "1", agents=("web-1", "web-2", "web-1"))
    await plan(house.store, "2", rejected=Reason.POLICY_DENIED)
    async with house.client("read") as client:

        async def numbers(query: str) -> list[int]:
            page = Page[ExecutionView].model_validate_json((await client.get(f"/v1/executions?{query}")).content)
            assert all(item.input == {} and item.result is None for item in page.items)
            return [item.number for item in page.items]

        assert await numbers("") == [4, 3, 2, 1]
        assert await numbers("limit=2&after=4") == [3, 2]
        assert await numbers("order=oldest&limit=3") == [1, 2, 3]
        assert await numbers("order=oldest&after=3") == [4]
        assert await numbers("agent=web-2") == [2]
        assert await numbers("event=1") == [3, 2, 1]
        assert await numbers("state=queued") == [3, 2, 1]
        assert await numbers("state=rejected") == [4]
        assert await numbers("action=web.other") == []
        page = Page[ExecutionView].model_validate_json((await client.get("/v1/executions?limit=2")).content)
        assert page.next == "3"


async def test_what_has_no_agent_says_which_it_waits_for(house: House) -> None:
    await plan(house.store, "1", agents=("",))
    async with house.client("read") as client:
        found = ExecutionView.model_validate_json((await client.get("/v1/executions/1")).content)
    assert (found.state, found.waiting_for) == (State.ACCEPTED, "an agent with role=web that is not cordoned")


async def test_what_waits_for_an_agent_that_is_away_is_held_and_what_it_has_is_unreachable(house: House) -> None:
    async with house.client("read") as client:

        async def conditions() -> list[str]:
            return ExecutionView.model_validate_json((await client.get("/v1/executions/1")).content).conditions

        [execution] = await plan(house.store, "1")
        assert await conditions() == ["held"]
        _connect(house.fleet)
        assert await conditions() == []
        await _hand_over(house)
        house.fleet.left("web-1")
        assert await conditions() == ["unreachable"]
        await house.cancels.cancel(execution, Reason.OPERATOR)
        assert await conditions() == ["cancelling", "unreachable"]


# -- asking for a run ------------------------------------------------------------------------------------------------------------------


async def test_a_manual_run_is_an_event_like_any_other(house: House) -> None:
    async with house.client("operate") as client:
        answer = await client.post("/v1/executions", json=RUN)
    accepted = Accepted.model_validate_json(answer.content)
    assert (answer.status_code, accepted.source, accepted.duplicate) == (202, "attune:api", False)
    stored = await house.store.event(accepted.position)
    assert stored is not None
    assert (stored.new.type, stored.new.subject, stored.new.id) == ("core.requested", "web.restart", accepted.id)
    assert stored.new.data == RUN | {"secrets": {}}
    assert house.woken == 1


async def test_the_idempotency_key_makes_a_repeated_request_the_same_run(house: House) -> None:
    key = {"idempotency-key": "4f1c"}
    async with house.client("operate") as client:
        first = Accepted.model_validate_json((await client.post("/v1/executions", json=RUN, headers=key)).content)
        again = await client.post("/v1/executions", json=RUN, headers=key)
        other = await client.post("/v1/executions", json=RUN | {"pick": "all"}, headers=key)
    assert first.id == "4f1c"
    assert (again.status_code, Accepted.model_validate_json(again.content)) == (200, first.model_copy(update={"duplicate": True}))
    assert (other.status_code, Failure.model_validate_json(other.content).code) == (422, "ATT415")


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "\xe4"])
async def test_a_key_that_is_none_is_refused(house: House, key: str) -> None:
    async with house.client("operate") as client:
        answer = await client.post("/v1/executions", json=RUN, headers=[(b"idempotency-key", key.encode("latin-1"))])
    assert (answer.status_code, Failure.model_validate_json(answer.content).code) == (400, "ATT414")


@pytest.mark.parametrize(
    "change", [{"action": "web.unheard_of"}, {"input": {"units": "a"}}, {"input": {}}, {"secrets": {"unit": "web_token"}}]
)
async def test_a_run_that_cannot_be_is_refused_at_the_door(house: House, change: JsonObject) -> None:
    async with house.client("operate") as client:
        answer = await client.post("/v1/executions", json=RUN | change)
    assert answer.status_code == 400
    assert Failure.model_validate_json(answer.content).remedy
    assert await house.store.event(1) is None


async def test_before_the_first_revision_nothing_can_be_run_and_no_rule_is_there(house: House) -> None:
    house.active._catalog = None
    async with house.client("operate") as client:
        assert (await client.post("/v1/executions", json=RUN)).status_code == 400
        assert (await client.get("/v1/rules")).json() == {"items": [], "next": ""}


# -- cancelling ------------------------------------------------------------------------------------------------------------------------


async def test_what_no_agent_has_is_cancelled_at_once_and_by_whom_is_kept(house: House) -> None:
    await plan(house.store, "1")
    async with house.client("operate") as client:
        answer = await client.post("/v1/executions/1/cancel")
        view = ExecutionView.model_validate_json(answer.content)
        again = await client.post("/v1/executions/1/cancel", json={})
    assert (answer.status_code, view.state, view.outcome, view.reason) == (200, State.SETTLED, Outcome.CANCELLED, Reason.OPERATOR)
    assert view.detail.startswith("cancelled by t")
    assert (again.status_code, Failure.model_validate_json(again.content).code) == (409, "ATT612")


async def test_what_an_agent_has_is_cancelling_until_it_answers(house: House) -> None:
    await plan(house.store, "1")
    await _hand_over(house)
    async with house.client("operate") as client:
        answer = await client.post("/v1/executions/1/cancel")
    view = ExecutionView.model_validate_json(answer.content)
    assert (answer.status_code, view.state, view.outcome) == (202, State.QUEUED, None)
    assert "cancelling" in view.conditions


# -- logs ------------------------------------------------------------------------------------------------------------------------------


async def _handed(house: House) -> Execution:
    [execution] = await plan(house.store, "1")
    await _hand_over(house)
    return execution


async def test_a_log_window_is_asked_of_the_agent_that_has_it(house: House) -> None:
    execution = await _handed(house)
    async with house.client("read") as client:
        answer = await client.get("/v1/executions/1/logs?stream=stderr&offset=-100&limit=10&attempt=2")
    view = LogView.model_validate_json(answer.content)
    assert (base64.b64decode(view.content), view.total, view.ended) == (b"hello\x00\xff", 7, True)
    [(agent, question)] = house.logs.asked
    assert agent == "web-1"
    assert (question.execution, question.attempt, question.stream) == (execution.new.id, 2, "stderr")
    assert (question.offset, question.limit) == (-100, 10)


async def test_without_parameters_it_is_the_newest_attempts_stdout_from_its_start(house: House) -> None:
    await _handed(house)
    async with house.client("read") as client:
        await client.get("/v1/executions/1/logs")
    [(_, question)] = house.logs.asked
    assert (question.stream, question.offset, question.limit, question.attempt) == ("stdout", 0, 65_536, 0)


def _missing() -> dict[str, JsonValue]:
    return LogView(offset=0, content="", total=0, ended=False, missing=True).model_dump()


async def test_the_last_lines_and_what_came_since_are_asked_for_and_an_answer_may_wait(house: House) -> None:
    await _handed(house)
    async with house.client("read") as client:
        await client.get("/v1/executions/1/logs?tail=20&since=2026-10-01T00:00:00Z&wait=10")
        await client.get("/v1/executions/1/logs?ago=600")
    first, second = (question for _, question in house.logs.asked)
    assert (first.tail, first.since, first.wait) == (20, 1_790_812_800.0, 10)
    assert (second.tail, second.since, second.wait) == (None, -600.0, 0)


async def test_a_log_that_is_not_there_yet_is_empty_and_goes_on(house: House) -> None:
    await plan(house.store, "1")
    async with house.client("read", "operate") as client:
        assert (await client.get("/v1/executions/1/logs")).json() == _missing()
        assert house.logs.asked == []
        await client.post("/v1/executions/1/cancel")
        assert (await client.get("/v1/executions/1/logs")).json()["ended"] is True


async def test_a_log_that_the_agent_does_not_have_is_empty(house: House) -> None:
    await _handed(house)
    house.logs.missing = True
    async with house.client("read") as client:
        assert (await client.get("/v1/executions/1/logs")).json() == _missing()


@pytest.mark.parametrize(
    "query",
    ["stream=stdin", "limit=0", "limit=1048577", "attempt=-1", "offset=x", "follow=true", "tail=-1", "since=yesterday", "ago=0", "wait=11"],
)
async def test_a_window_that_cannot_be_is_refused(house: House, query: str) -> None:
    await _handed(house)
    async with house.client("read") as client:
        answer = await client.get(f"/v1/executions/1/logs?{query}")
    assert (answer.status_code, Failure.model_validate_json(answer.content).code) == (400, "ATT412")


async def test_a_page_of_one_rule_looks_at_so_many_and_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("1", "2", "3"):
        await plan(house.store, name)
    monkeypatch.setattr(executions, "LOOK", 2)
    async with house.client("read") as client:
        page = (await client.get("/v1/executions?rule=web.restart_on_alert&limit=1")).json()
        assert ([item["number"] for item in page["items"]], page["next"]) == ([3], "3")
        other = (await client.get("/v1/executions?rule=web.none")).json()
        assert (other["items"], other["next"]) == ([], "2")
