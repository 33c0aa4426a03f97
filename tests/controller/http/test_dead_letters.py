"""Dead letters by the API and by commands: listed, shown without their data, retried, dropped; and sources that are held back."""

from pathlib import Path

from attune_controller.source_rates import BURST
from attune_controller.store.records.events import EventStatus
from attune_core.dead_letters import DeadReason
from attune_core.values import JsonObject
from attune_core.wire.api import EventView, Failure, Page, StatusView
from attune_core.wire.cloudevents_http import BATCH, STRUCTURED
from attune_core.wire.dead_letters import RetriedView
from attune_core.wire.ingest import ManyRefused
from tests.cli.commands import attune
from tests.controller.http.commanding import commanding
from tests.controller.http.executions import accept
from tests.controller.http.house import House


async def test_a_filter_finds_them_by_reason_and_the_status_counts_them(house: House) -> None:
    await accept(house.store, "1", data={"password": "canary"}, dead_reason="no trigger")
    await accept(house.store, "2")
    async with house.client("read") as client:
        page = Page[EventView].model_validate_json((await client.get("/v1/events?status=dead_letter&dead_reason=undeclared")).content)
        assert [(one.id, one.dead_reason, one.reason, one.data) for one in page.items] == [("1", DeadReason.UNDECLARED, "no trigger", None)]
        assert (await client.get("/v1/events?dead_reason=hop_limit")).json()["items"] == []
        assert (await client.get("/v1/events?dead_reason=nothing")).status_code == 400
        status = StatusView.model_validate_json((await client.get("/v1/status")).content)
    assert status.dead_letters == 1
    assert [one.name for one in status.bounds] == ["backlog"]


async def test_a_retry_that_cannot_be_planned_yet_changes_nothing_and_one_that_can_gets_a_position(house: House) -> None:
    await accept(house.store, "1", data={"password": "canary"}, dead_reason="no trigger")
    await accept(house.store, "2", dead_reason="no trigger")
    async with house.client("operate") as client:
        still = RetriedView.model_validate_json((await client.post("/v1/dead_letters/retry", json={"position": 1})).content)
        assert (still.position, still.was, still.dead_reason) == (1, 1, DeadReason.DATA_INVALID)
        assert "canary" not in still.dead_letter
        answer = await client.post("/v1/dead_letters/retry", json={"position": 2, "note": "merged"})
        again = RetriedView.model_validate_json(answer.content)
        assert (again.position, again.was, again.dead_letter, again.dead_reason) == (3, 2, "", None)
        gone = await client.post("/v1/dead_letters/retry", json={"position": 2})
        assert (gone.status_code, Failure.model_validate_json(gone.content).code) == (404, "ATT610")
        planned = await client.post("/v1/dead_letters/drop", json={"position": again.position})
        assert (planned.status_code, Failure.model_validate_json(planned.content).code) == (409, "ATT677")
    told = (await house.store.events(before=None, limit=1)).events[0].new
    assert (told.type, told.source) == ("core.dead_letter_retried", "attune:operators")
    assert isinstance(told.data, dict)
    assert (told.data["position"], told.data["was"], told.data["note"]) == ("3", "2", "merged")


async def test_who_may_only_read_changes_nothing(house: House) -> None:
    await accept(house.store, "1", dead_reason="no trigger")
    async with house.client("read") as client:
        for what in ("retry", "drop"):
            assert (await client.post(f"/v1/dead_letters/{what}", json={"position": 1})).status_code == 403


async def test_commands_list_show_and_drop_them_and_ask_before_they_take_all(house: House, tmp_path: Path) -> None:
    for number in range(1, 4):
        await accept(house.store, f"{number}", data={"password": "canary"}, dead_reason="no trigger web.nothing is declared")
    async with commanding(house, tmp_path, "operate") as here:
        listed = await here.run("event", "dead-letter", "list")
        assert "undeclared" in listed.stdout
        shown = await here.run("event", "dead-letter", "show", "1")
        assert "canary" not in listed.stdout + shown.stdout
        assert "attune explain undeclared" in shown.stdout
        refused = await here.run("event", "dead-letter", "drop", "--reason", "undeclared")
        assert (refused.returncode, "ATT651" in refused.stderr) == (2, True), "there is no terminal to answer on"
        rest = await here.run("event", "dead-letter", "drop", "--all", "--note", "rubbish", "--yes")
        assert rest.stdout == "".join(f"event {number} is dropped\n" for number in range(1, 4))
        kept = await here.run("event", "dead-letter", "retry", "3")
        assert (kept.returncode, "ATT677" in kept.stderr) == (2, True)
    assert [one.status for one in (await house.store.events(before=4, limit=9)).events] == [EventStatus.DROPPED] * 3


def test_a_reason_has_a_page(tmp_path: Path) -> None:
    assert "The chain ends here" in attune("explain", "hop_limit", cwd=tmp_path).stdout


EVENT: JsonObject = {"specversion": "1.0", "source": "https://ci/a", "type": "web.alert", "data": {}}


async def test_a_source_that_sends_too_fast_is_told_when_to_come_back_and_others_are_taken(house: House) -> None:
    house.rates.set(1.0, {})
    async with house.client("events:send") as client:
        answers = [
            await client.post("/events", json=EVENT | {"id": f"{number}"}, headers={"content-type": STRUCTURED})
            for number in range(int(BURST) + 1)
        ]
        assert [one.status_code for one in answers] == [202] * int(BURST) + [429]
        assert (answers[-1].headers["retry-after"], Failure.model_validate_json(answers[-1].content).code) == ("1", "ATT678")
        other = await client.post("/events", json=EVENT | {"id": "1", "source": "b"}, headers={"content-type": STRUCTURED})
        assert other.status_code == 202
        batch = [EVENT | {"id": f"b{number}", "source": "https://ci/batch"} for number in range(int(BURST) + 2)]
        stopped = await client.post("/events", json=batch, headers={"content-type": BATCH})
    many = ManyRefused.model_validate_json(stopped.content)
    assert (stopped.status_code, stopped.headers["retry-after"], many.code) == (429, "1", "ATT678")
    assert [one.n for one in many.events] == list(range(1, int(BURST) + 1)), "those behind it are to come again"
