"""Row 20 with the real controller: an event at which it dies whenever it plans it is set aside after a few starts, and the rest goes on."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from attune_cli.errors import ControllerUnreachable, ProgramFailed, RequestFailed
from attune_cli.local.origin import Origin
from attune_cli.local.system import LocalSystem, network_settings
from attune_core.dead_letters import DeadReason
from attune_core.failpoints import NAMES, SWITCH
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.api import Accepted, EventView, Page, StatusView
from attune_core.wire.dead_letters import RetriedView
from tests.running import action_document, pack
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.soak, pytest.mark.timeout(180)]

DATA: JsonValue = {"type": "object", "required": ["poison"], "properties": {"poison": {"type": "boolean"}}}
RULE: JsonValue = {
    "description": "The failpoint is passed in its plan alone",
    "trigger": "web.alert",
    "when": "event.data.poison",
    "action": "web.do",
    "agents": {"match": {"role": "none"}},
}


class Poisoned:
    """A controller that dies in the plan of any execution, and is started again until it does no more."""

    def __init__(self, place: Path) -> None:
        self.switch = place / "switch"
        self.origin = Origin(place / "git")
        files = pack("web", {"actions/do.yaml": action_document("do.sh"), "actions/do.sh": "true\n", "rules/do.yaml": json.dumps(RULE)})
        files["packs/web/triggers/alert.yaml"] = json.dumps({"description": "T", "data": DATA})
        self.origin.write(files)
        self.commit = self.origin.push()
        self.system = LocalSystem(
            root=place / "system",
            repository=str(self.origin.bare),
            poll="200ms",
            network=network_settings(),
            environment={NAMES: "c4", SWITCH: str(self.switch)},
        )
        self.deaths = 0

    def send(self, event_id: str, *, poison: bool) -> None:
        """Send until it is acknowledged, through all deaths."""
        wait_until(lambda: self.try_once(event_id, poison=poison), timeout=60, what=f"the acknowledgement of {event_id}")

    def try_once(self, event_id: str, *, poison: bool = True) -> bool:
        """Send once; tell whether it was acknowledged."""
        event: JsonObject = {"specversion": "1.0", "id": event_id, "source": "test:it", "type": "web.alert", "data": {"poison": poison}}
        self.revive()
        with suppress(ControllerUnreachable, RequestFailed), self.system.client() as client:
            client.post("/events", event, Accepted, content_type="application/cloudevents+json")
            return True
        return False

    def revive(self) -> None:
        """Start the controller if it is dead; it is to die again at the next such moment."""
        whole = self.switch.with_suffix(".new")  # never seen half written: the controller may be looking at it
        whole.write_text("c4", encoding="ascii")
        whole.replace(self.switch)
        controller = self.system.controller
        if controller is not None and controller.running:
            return
        self.deaths += 1
        with suppress(ProgramFailed):
            self.system.start_controller()

    def find(self, event_id: str) -> EventView | None:
        """Return what became of one, None while nobody answers."""
        self.revive()
        with suppress(ControllerUnreachable, RequestFailed), self.system.client() as client:
            return client.get(f"/v1/events/{event_id}", EventView)
        return None

    def is_set_aside(self, event_id: str) -> bool:
        found = self.find(event_id)
        return found is not None and found.dead_reason is DeadReason.QUARANTINED


def test_it_is_quarantined_although_others_are_planned_before_it_comes_again(tmp_path: Path) -> None:
    """An event that comes alone is planned before it is stored: after a death over one that is not, all are stored first."""
    poisoned = Poisoned(tmp_path)
    with poisoned.system as system:
        system.start_controller()
        assert system.wait_for_revision(poisoned.commit).sync.active_revision == poisoned.commit
        for turn in range(4):
            poisoned.send(f"first {turn}", poison=False)
            poisoned.send(f"second {turn}", poison=False)
            poisoned.try_once("poison")
        wait_until(lambda: poisoned.is_set_aside("poison"), timeout=60, what="the quarantine")
        assert 3 <= poisoned.deaths <= 5


def test_it_is_quarantined_the_rest_is_planned_and_a_retry_brings_it_back(tmp_path: Path) -> None:
    poisoned = Poisoned(tmp_path)
    with poisoned.system as system:
        system.start_controller()
        assert system.wait_for_revision(poisoned.commit).sync.active_revision == poisoned.commit
        poisoned.send("before", poison=False)
        poisoned.send("poison", poison=True)
        wait_until(lambda: poisoned.is_set_aside("poison"), timeout=60, what="the quarantine")
        assert 3 <= poisoned.deaths <= 5, "three over it, at most one that it shared, and one at which its sender was not answered"
        poisoned.send("after", poison=False)
        poisoned.switch.unlink(missing_ok=True)
        with system.client() as client:
            wait_until(lambda: client.get("/v1/status", StatusView).events_waiting == 0, what="the plans of the rest")
            fates = {one.id: one.status for one in client.pages("/v1/events", Page[EventView], {"source": "test:it"}, most=9)}
            assert fates == {"before": "planned", "poison": "dead_letter", "after": "planned"}
            (told,) = client.pages("/v1/events", Page[EventView], {"type": "core.dead_letter"}, most=9)
            assert told.status == "planned"
            position = client.get("/v1/events/poison", EventView).position
            again = client.post("/v1/dead_letters/retry", {"position": position}, RetriedView)
            wait_until(lambda: client.get("/v1/status", StatusView).executions_unsettled == 1, what="its execution")
            assert client.get(f"/v1/events/{again.position}", EventView).status == "planned"
