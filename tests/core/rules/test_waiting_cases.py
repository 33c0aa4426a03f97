"""Each case of tests/cases/throttling, played through a replay: what fires when, for which event, and with which events together."""

from pathlib import Path
from typing import NotRequired, TypedDict, cast

import pytest
import yaml

from attune_core.rules.firing import Fired
from attune_core.rules.recorded import RecordedEvent
from attune_core.rules.replay import Late, Replay
from attune_core.values import JsonObject
from tests.core.rules.repositories import ALERT, catalog_with

CASES = Path(__file__).resolve().parents[2] / "cases" / "throttling" / "cases.yaml"


class Case(TypedDict):
    name: str
    throttle: JsonObject
    events: list[str]
    fires: NotRequired[list[str]]


LOADED = cast("list[Case]", yaml.safe_load(CASES.read_text(encoding="utf-8")))


def recorded(number: int, text: str) -> RecordedEvent:
    at, *kind, key = text.split()
    data: JsonObject = {"name": key} if kind else {**ALERT, "unit": key}
    trigger = "web.recovered" if kind else "web.alert"
    return RecordedEvent(id=str(number), source="t", type=trigger, subject="", time=0.0, received_at=float(at), data=data)


def said(late: Late) -> str:
    members = " ".join(str(one.position) for one in late.ended.group.members)
    return f"{late.ended.at:g} for {late.number} of {members}"


@pytest.mark.parametrize("case", LOADED, ids=[case["name"] for case in LOADED])
def test_what_fires_when_and_for_which_events(case: Case) -> None:
    throttle: JsonObject = {"key": "${{ event.data.unit }}", **case["throttle"]}
    replay = Replay(catalog_with(page={"throttle": throttle}))
    late = [one for number, text in enumerate(case["events"], 1) for one in replay.take(recorded(number, text)).late]
    late += replay.advance(1e9)
    assert [said(one) for one in late if isinstance(one.outcome, Fired)] == case.get("fires", [])
