"""What throttles let wait, over HTTP and from the command line: lists in pages, and what `attune explain` says of each event of a group."""

import json
from pathlib import Path

import pytest

from attune_controller.planning import Planner
from attune_controller.store.records.events import NewEvent
from attune_core.wire.api import Page
from attune_core.wire.explanations import Cause, EventExplanation
from attune_core.wire.groups import WaitingGroup
from tests.controller.http.commanding import commanding
from tests.controller.http.house import FILES, House

RULE = (
    "description: R\ntrigger: web.alert\naction: web.restart\ninput: {unit: '${{ event.data.unit }}'}\nagents: {match: {role: web}}\n"
    "throttle: {key: '${{ event.data.unit }}', "
)
RULES = {
    "packs/web/rules/quiet.yaml": RULE + "accumulate: {within: 10m, at_least: 2, at_most: 3}}\n",
    "packs/web/rules/late.yaml": RULE + "absence: {of: web.recovered, within: 30m}}\n",
    "packs/web/triggers/recovered.yaml": (
        "description: Well again\ndata: {type: object, required: [unit], properties: {unit: {type: string}}}\n"
    ),
}


class Waiting:
    """A house with rules that let events wait, and its planner."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder)
        self.house.activate({**FILES, **RULES})
        house = self.house
        self.planner = Planner(house.store, house.active, house.fleet, house.clock, house.random, planned=lambda _agent: None)

    async def send(self, unit: str, kind: str = "web.alert") -> int:
        now, number = self.house.clock.time, str(len(await self.house.store.events_at(range(1, 1000))))
        new = NewEvent(source="t", id=number, type=kind, time=now, received_at=now, data={"unit": unit})
        position = (await self.house.store.accept_event(new)).position
        await self.planner.plan_all()
        return position

    async def pass_time(self, seconds: float) -> None:
        self.house.clock.time += seconds
        await self.planner.plan_all()

    async def explained(self, position: int) -> dict[str, tuple[Cause, str]]:
        async with self.house.client("read") as client:
            answer = await client.get(f"/v1/explain/event/{position}")
        found = EventExplanation.model_validate_json(answer.content)
        return {one.rule: (one.cause, one.group.outcome if one.group else "") for one in found.facts.rules if one.rule in ONES}

    async def page(self, query: str = "") -> Page[WaitingGroup]:
        async with self.house.client("read") as client:
            answer = await client.get(f"/v1/throttles{query}")
        assert answer.status_code == 200, answer.text
        return Page[WaitingGroup].model_validate_json(answer.content)


ONES = ("web.quiet", "web.late")


@pytest.fixture
def waiting(tmp_path: Path) -> Waiting:
    return Waiting(tmp_path)


async def test_what_waits_comes_in_pages_by_rule_and_key(waiting: Waiting) -> None:
    for unit in ("b", "a", "b"):
        await waiting.send(unit)
    first = await waiting.page("?limit=3")
    second = await waiting.page(f"?limit=3&after={first.next}")
    found = [*first.items, *second.items]
    assert [(one.rule, one.key, one.count) for one in found] == [
        ("web.late", '"a"', 1),
        ("web.late", '"b"', 2),
        ("web.quiet", '"a"', 1),
        ("web.quiet", '"b"', 2),
    ]
    assert second.next == ""
    quiet = found[3]
    assert (quiet.throttle, quiet.kept, quiet.last, quiet.at_least, quiet.at_most) == (
        "once for all events within 10m, if there are 2, or at once with 3", 2, 3, 2, 3,
    )  # fmt: skip
    assert [one.rule for one in (await waiting.page("?rule=web.quiet")).items] == ["web.quiet", "web.quiet"]


@pytest.mark.parametrize("after", ["no cursor", "WzFd", "eyJ9"])
async def test_a_cursor_that_is_none_is_refused(waiting: Waiting, after: str) -> None:
    async with waiting.house.client("read") as client:
        answer = await client.get("/v1/throttles", params={"after": after})
    assert answer.status_code == 400
    assert "cursor" in answer.text


async def test_each_event_of_a_group_is_explained_before_and_after_its_end(waiting: Waiting) -> None:
    one, two = await waiting.send("a"), await waiting.send("a")
    alone = await waiting.send("b")
    assert await waiting.explained(one) == {"web.quiet": (Cause.WAITS, ""), "web.late": (Cause.WAITS, "")}
    assert await waiting.explained(two) == {"web.quiet": (Cause.WAITS, ""), "web.late": (Cause.WAITS, "")}
    await waiting.pass_time(1.0)
    recovered = await waiting.send("a", "web.recovered")
    await waiting.pass_time(600.0)
    assert await waiting.explained(one) == {"web.quiet": (Cause.GATHERED, "fired"), "web.late": (Cause.LAPSED, "answered")}
    assert await waiting.explained(two) == {"web.quiet": (Cause.FIRED, "fired"), "web.late": (Cause.LAPSED, "answered")}
    assert await waiting.explained(alone) == {"web.quiet": (Cause.LAPSED, "too_few"), "web.late": (Cause.WAITS, "")}
    assert await waiting.explained(recovered) == {"web.late": (Cause.ANSWERED, "answered")}
    again = await waiting.send("a")
    assert await waiting.explained(again) == {"web.quiet": (Cause.WAITS, ""), "web.late": (Cause.WAITS, "")}
    await waiting.pass_time(1800.0)
    assert (await waiting.explained(alone))["web.late"] == (Cause.FIRED, "fired")


async def test_people_and_programs_read_what_waits(waiting: Waiting, tmp_path: Path) -> None:
    async with commanding(waiting.house, tmp_path / "here") as here:
        empty = await here.run("throttle", "list")
        assert (empty.returncode, empty.stdout) == (0, "no events wait\n")
        await waiting.send("a\x1b[31m")
        shown = await here.run("throttle", "list", "--rule", "web.quiet")
        assert shown.stdout.splitlines()[0].split()[:3] == ["RULE", "KEY", "FIRES"]
        assert "1 of 2" in shown.stdout
        assert "\x1b" not in shown.stdout
        waiting.house.activate({**FILES, **RULES, "packs/web/rules/quiet.yaml": RULE + "debounce: 1m}\n"})
        assert "never: its rule was changed" in (await here.run("throttle", "list")).stdout
        document = json.loads((await here.run("throttle", "list", "--json")).stdout)
        assert [one["rule"] for one in document] == ["web.late", "web.quiet"]
