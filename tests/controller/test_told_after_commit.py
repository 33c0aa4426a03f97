"""What a commit did not keep is told to nobody who watches."""

from pathlib import Path

import apsw
import pytest

from attune_controller.store.sqlite.connection_thread import More, Ticket
from attune_controller.store.sqlite.writer import Writer
from attune_core.values import JsonObject
from tests.controller.http.test_changes import watching
from tests.controller.live import live
from tests.controller.test_metrics import FILES


def fail_at_the_end(self: Writer, batch: list[Ticket], _more: More) -> None:
    """Do everything of a commit but the commit."""
    self._connection.execute("BEGIN IMMEDIATE")
    for ticket in batch:
        self._run(ticket)
    raise apsw.BusyError("somebody else writes")


async def test_an_event_that_was_not_committed_is_not_told_and_the_next_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with live(tmp_path, FILES) as it, watching(it.client) as stream:
        with monkeypatch.context() as failing:
            failing.setattr(Writer, "_commit", fail_at_the_end)
            lost: JsonObject = {"specversion": "1.0", "id": "lost", "source": "test:it", "type": "web.alert", "data": {"unit": "nginx"}}
            assert (await it.post("/events", lost, "application/cloudevents+json")).status_code == 429
        kept = await it.event({"unit": "nginx"}, "kept")
        told = [await stream.next()]
        while told[-1].get("id") != "kept":
            told.append(await stream.next())
        assert told[-1]["position"] == kept.position
        assert "lost" not in {one.get("id") for one in told}
