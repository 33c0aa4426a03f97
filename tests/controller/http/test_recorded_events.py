"""/v1/recorded_events, and `attune event export` over it: everything that was received, in order, as it was."""

import json
import stat
from pathlib import Path

import pytest

from attune_controller.store.memory import events as memory_events
from attune_controller.store.records.events import NewEvent
from attune_core.rules.recorded import RecordedEvent, read_recorded
from attune_core.values import JsonValue
from attune_core.wire.api import EventView, Failure, Page
from tests.cli.working_copy import RULE, WorkingCopy
from tests.controller.http.commanding import commanding
from tests.controller.http.executions import accept
from tests.controller.http.house import House


async def test_events_come_oldest_first_with_their_data_dead_letters_too(house: House) -> None:
    await accept(house.store, "1", data={"unit": "ä"})
    await accept(house.store, "2", data="not an object", dead_reason="why")
    async with house.client("read") as client:
        page = Page[EventView].model_validate_json((await client.get("/v1/recorded_events")).content)
    assert [(one.position, one.data, one.status, one.reason) for one in page.items] == [
        (1, {"unit": "ä"}, "accepted", ""),
        (2, "not an object", "dead_letter", "why"),
    ]
    assert page.next == ""


async def test_pages_go_on_after_their_cursor(house: House) -> None:
    for number in range(5):
        await accept(house.store, f"{number}")
    async with house.client("read") as client:
        first = Page[EventView].model_validate_json((await client.get("/v1/recorded_events?limit=3")).content)
        second = Page[EventView].model_validate_json((await client.get(f"/v1/recorded_events?limit=3&after={first.next}")).content)
    assert [one.position for one in (*first.items, *second.items)] == [1, 2, 3, 4, 5]
    assert second.next == ""


@pytest.mark.parametrize("query", ["since=yesterday", "since=2026-01-02T03:04:05", "after=-1", "limit=0", "status=planned", "since=1e400"])
async def test_a_question_that_is_not_understood_is_refused(house: House, query: str) -> None:
    async with house.client("read") as client:
        answer = await client.get(f"/v1/recorded_events?{query}")
    assert answer.status_code == 400
    assert Failure.model_validate_json(answer.content).code == "ATT412"


async def store_some(house: House) -> None:
    for number, (kind, data) in enumerate(list[tuple[str, JsonValue]]([("web.alert", {"unit": "ü"}), ("github.push", {"ref": "r"})])):
        at = house.clock.now() - 3600 * (2 - number)
        await house.store.accept_event(
            NewEvent(source="t", id=f"{number}", type=kind, subject="s" * number, time=at - 0.5, received_at=at, data=data)
        )


async def test_an_export_is_read_back_as_what_was_received(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_events, "RECORDED_BYTES", 1)  # a page for each event
    await store_some(house)
    async with commanding(house, tmp_path / "here") as here:
        done = await here.run("event", "export", "--output", "events.ndjson")
    assert (done.stdout, done.returncode) == ("2 events written to events.ndjson\n", 0)
    file = here.place / "events.ndjson"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with file.open("rb") as stream:
        found = [one for one in read_recorded(stream) if isinstance(one, RecordedEvent)]
    stored = list(reversed((await house.store.events(before=None, limit=9)).events))
    assert [(one.position, one.id, one.source, one.type, one.subject, one.data) for one in found] == [
        (one.position, one.new.id, one.new.source, one.new.type, one.new.subject, one.new.data) for one in stored
    ]
    for one, kept in zip(found, stored, strict=True):
        assert (one.time, one.received_at) == pytest.approx((kept.new.time, kept.new.received_at), abs=1e-6)


async def test_an_export_is_narrowed_by_time_and_trigger_and_goes_to_standard_output(house: House, tmp_path: Path) -> None:
    await store_some(house)
    async with commanding(house, tmp_path / "here") as here:
        recent = await here.run("event", "export", "--since", "90m")
        alerts = await here.run("event", "export", "--trigger", "web.alert")
        nothing = await here.run("event", "export", "--since", "soon")
    assert [json.loads(line)["type"] for line in recent.stdout.splitlines()] == ["github.push"]
    assert [json.loads(line)["type"] for line in alerts.stdout.splitlines()] == ["web.alert"]
    assert (nothing.stdout, nothing.returncode) == ("", 2)
    assert "ATT705" in nothing.stderr


async def test_what_cannot_be_written_is_said_and_leaves_nothing(house: House, tmp_path: Path) -> None:
    await store_some(house)
    async with commanding(house, tmp_path / "here") as here:
        done = await here.run("event", "export", "--output", "missing/events.ndjson")
    assert done.returncode == 3
    assert "ATT720" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_plan_asks_the_controller_for_its_events(house: House, tmp_path: Path) -> None:
    copy = WorkingCopy(tmp_path / "copy")
    copy.replace(RULE, '["critical", "high"]', '["critical"]')
    data: JsonValue = {"unit": "web_a", "severity": "high", "host": "h1"}
    for number, hours in enumerate((30, 2, 1)):
        at = house.clock.now() - 3600 * hours
        await house.store.accept_event(NewEvent(source="t", id=f"{number}", type="web.alert", time=at, received_at=at, data=data))
    async with commanding(house, tmp_path / "here") as here:
        done = await here.run("plan", "main..", "--from-controller", "24h", cwd=copy.root)
    assert done.returncode == 0, done.stderr
    assert "2 events from the controller, since 24h" in done.stdout
    assert done.stdout.splitlines()[-1] == "2 executions vanish"
