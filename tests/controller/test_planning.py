"""Planning: each event becomes its executions, strictly by position, under the revision that is active then."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

import pytest

from attune_controller.backlog import Backlog
from attune_controller.completion import completion
from attune_controller.intake import Intake
from attune_controller.planning import Planner
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.records.events import EventStatus, NewEvent
from attune_controller.store.records.executions import Execution, Move
from attune_controller.suspects import Suspects
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import load
from attune_core.ports import SystemRandom
from attune_core.rules.filling import InputInvalid
from attune_core.rules.requests import REQUESTED, RequestRefused
from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonObject, JsonValue
from tests.waiting import eventually

TRIGGER: JsonObject = {
    "description": "An alert",
    "data": {
        "type": "object",
        "required": ["unit"],
        "properties": {"unit": {"type": "string"}, "level": {"type": "integer"}, "extra": {"type": "object", "additionalProperties": True}},
    },
}
ACTION: JsonObject = {
    "description": "Restart",
    "run": ["sh", "restart.sh"],
    "parameters": {
        "unit": {"type": "string", "pattern": "^[a-z]+$"},
        "mode": {"type": "string", "default": "soft"},
        "token": {"type": "string", "secret": True, "optional": True},
    },
    "concurrency": {"limit": 1, "key": "${{ parameters.unit }}"},
}


def rule(**keys: JsonValue) -> JsonValue:
    document: JsonObject = {
        "description": "R",
        "trigger": "web.alert",
        "action": "web.restart",
        "input": {"unit": "${{ event.data.unit }}"},
    }
    return document | keys


RULES: dict[str, JsonValue] = {
    "loud": rule(when="event.data.level > 3", agents={"match": {"role": "web"}}),
    "every": rule(agents={"match": {"role": "web"}, "pick": "all"}, input={"unit": "all"}),
    "nobody": rule(when='event.data.unit == "lonely"', agents={"match": {"role": "none"}}),
}


@dataclass
class Clock:
    time: float = 1000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class Host:
    name: str
    labels: Mapping[str, str] = field(default_factory=lambda: {"role": "web"})
    connected: bool = True
    cordoned: bool = False


@dataclass
class World:
    catalog: Catalog | None
    hosts: list[Host] = field(default_factory=lambda: [Host("a"), Host("b")])
    clock: Clock = field(default_factory=Clock)
    told: list[str] = field(default_factory=list)
    suspects: Suspects = field(default_factory=Suspects)

    def __post_init__(self) -> None:
        self.store = MemoryStore()
        self.planner = Planner(self.store, self, self, self.clock, SystemRandom(), planned=self.told.append, suspects=self.suspects)
        self.backlog = Backlog(self.store, self.clock)
        planner = self.planner
        self.intake = Intake(
            self.store, self, summon=planner.summon, glance=planner.glance, backlog=self.backlog, plan_lone=planner.plan_lone
        )

    def candidates(self) -> tuple[Host, ...]:
        return tuple(self.hosts)

    async def send(self, data: JsonValue, *, kind: str = "web.alert", event_id: str = "1", hops: int = 0) -> int:
        event = NewEvent(source="t", id=event_id, type=kind, time=1.0, received_at=1.0, data=data, hops=hops)
        return (await self.intake.accept(event)).position

    def planned(self) -> set[str]:
        """The types of events that are planned."""
        tables = self.store.tables
        return {event.new.type for position, event in tables.events.items() if position not in tables.unplanned}

    async def executions(self) -> list[Execution]:
        return list(reversed(await self.store.executions(before=None, limit=1000)))


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    root = tmp_path_factory.mktemp("repository")
    documents: dict[str, JsonValue] = {
        "attune.yaml": {"format": 1, "attune": ">=0.1"},
        "packs/web/pack.yaml": {"name": "web", "version": "1.0.0", "description": "W"},
        "packs/web/triggers/alert.yaml": TRIGGER,
        "packs/web/triggers/quiet.yaml": {"description": "No rule is on it", "data": {"type": "object"}},
        "packs/web/actions/restart.yaml": ACTION,
        **{f"packs/web/rules/{name}.yaml": document for name, document in RULES.items()},
    }
    for name, document in documents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
    (root / "packs/web/actions/restart.sh").write_text("true\n")
    loaded = load(FolderTree(Path(root)), "r1")
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


@pytest.fixture
def world(catalog: Catalog) -> World:
    return World(catalog)


async def test_every_matching_rule_gives_its_executions_and_no_other(world: World) -> None:
    await world.send({"unit": "nginx", "level": 5})
    await world.planner.plan_all()
    found = await world.executions()
    assert [(item.new.rule, item.agent, item.new.input["unit"]) for item in found] == [
        ("web.every", "a", "all"),
        ("web.every", "b", "all"),
        ("web.loud", found[2].agent, "nginx"),
    ]
    assert all(item.new.input["mode"] == "soft" for item in found), "defaults are filled in"
    assert set(world.told) == {"a", "b"}


async def test_a_condition_that_does_not_hold_gives_nothing(world: World) -> None:
    await world.send({"unit": "nginx", "level": 1})
    await world.planner.plan_all()
    assert {item.new.rule for item in await world.executions()} == {"web.every"}


async def test_a_condition_that_fails_is_noted_on_the_event_and_the_other_rules_run(world: World) -> None:
    position = await world.send({"unit": "nginx"})
    await world.planner.plan_all()
    event = await world.store.event(position)
    assert event is not None
    assert event.status is EventStatus.PLANNED
    assert "web.loud" in event.reason
    assert "level" in event.reason
    assert {item.new.rule for item in await world.executions()} == {"web.every"}


async def test_an_input_that_does_not_fit_is_a_visible_rejection(world: World) -> None:
    await world.send({"unit": "NGINX", "level": 5})
    await world.planner.plan_all()
    found = [item for item in await world.executions() if item.new.rule == "web.loud"]
    assert [(item.state, item.outcome, item.reason, item.sequence) for item in found] == [
        (State.SETTLED, Outcome.REJECTED, Reason.INPUT_INVALID, 0)
    ]
    assert "packs/web/rules/loud.yaml" in found[0].detail


async def test_a_key_stays_with_the_agent_that_has_unsettled_work_of_it(world: World) -> None:
    for number in range(20):
        await world.send({"unit": "nginx", "level": 5}, event_id=str(number))
        await world.planner.plan_all()
    keyed = [item for item in await world.executions() if item.new.rule == "web.loud"]
    assert len({item.agent for item in keyed}) == 1
    assert [item.sequence for item in keyed] == list(range(1, 21))


async def test_events_are_planned_in_position_order_across_batches(world: World) -> None:
    for number in range(150):
        await world.send({"unit": "u" + "abcdefghij"[number % 10] * 3, "level": 5}, event_id=str(number))
    await world.planner.plan_all()
    loud = [item for item in await world.executions() if item.new.rule == "web.loud"]
    assert [item.new.event for item in loud] == sorted(item.new.event for item in loud)
    assert len(loud) == 150


async def test_without_a_match_it_waits_in_order_and_is_placed_when_an_agent_appears(world: World) -> None:
    await world.send({"unit": "lonely", "level": 0})
    await world.planner.plan_all()
    assert await world.planner.place_waiting() is not None
    world.hosts.append(Host("z", {"role": "none"}))
    assert await world.planner.place_waiting() is None, "nothing waits any more"
    found = [item for item in await world.executions() if item.new.rule == "web.nobody"]
    assert [(item.agent, item.sequence, item.state) for item in found] == [("z", 1, State.QUEUED)]
    assert "z" in world.told


async def test_without_a_match_for_too_long_it_is_rejected_and_that_is_an_event(world: World) -> None:
    await world.send({"unit": "lonely", "level": 0})
    await world.planner.plan_all()
    world.clock.time += world.planner.agent_wait + 1
    await world.planner.place_waiting()
    found = [item for item in await world.executions() if item.new.rule == "web.nobody"]
    assert [(item.outcome, item.reason) for item in found] == [(Outcome.REJECTED, Reason.NO_AGENT)]
    assert await world.store.find_event("attune:executions", found[0].new.id) is not None
    assert await world.planner.place_waiting() is None


async def test_nothing_is_planned_before_a_revision_is_active(catalog: Catalog) -> None:
    world = World(catalog)
    await world.send({"unit": "nginx", "level": 5})
    world.catalog = None
    await world.planner.plan_all()
    assert not await world.executions()
    world.catalog = catalog
    await world.planner.plan_all()
    assert len(await world.executions()) == 3


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        ("web.alert", {"unit": 5}, "/unit"),
        ("web.alert", [], "the document"),
        ("web.other", {}, "no trigger web.other"),
        ("web.restart.completed", {}, "no trigger web.restart.completed"),
        ("core.secret", {}, "no trigger core.secret"),
    ],
)
async def test_what_cannot_be_planned_is_kept_with_its_reason(world: World, kind: str, data: JsonValue, reason: str) -> None:
    position = await world.send(data, kind=kind)
    await world.planner.plan_all()
    event = await world.store.event(position)
    assert event is not None
    assert event.status is EventStatus.DEAD_LETTER
    assert reason in event.reason
    assert event.new.data == data
    assert not await world.executions()


async def test_a_loop_of_events_ends_as_a_dead_letter(world: World) -> None:
    position = await world.send({"unit": "nginx", "level": 5}, hops=17)
    await world.planner.plan_all()
    event = await world.store.event(position)
    assert event is not None
    assert event.status is EventStatus.DEAD_LETTER
    assert "loop" in event.reason


async def test_an_event_that_no_rule_is_on_is_planned_with_nothing_and_does_not_pass_an_older_one(world: World) -> None:
    first = await world.send({}, kind="web.quiet", event_id="1")
    await world.send({"unit": "nginx", "level": 5}, event_id="2")
    third = await world.send({}, kind="web.quiet", event_id="3")
    assert [event.new.id for event in await world.store.unplanned(limit=9)] == ["2", "3"]
    await world.planner.plan_all()
    for position in (first, third):
        event = await world.store.event(position)
        assert event is not None
        assert (event.status, event.reason, event.revision) == (EventStatus.PLANNED, "", "r1")
    assert {item.new.event for item in await world.executions()} == {first + 1}


async def test_a_manual_run_is_an_event_that_names_its_action(world: World) -> None:
    await world.send({"action": "web.restart", "input": {"unit": "db"}, "match": {"name": "b"}}, kind=REQUESTED)
    await world.planner.plan_all()
    found = await world.executions()
    assert [(item.new.rule, item.agent, item.new.input) for item in found] == [("", "b", {"unit": "db", "mode": "soft"})]


@pytest.mark.parametrize(
    ("request_data", "error"),
    [
        ({"action": "web.stop"}, RequestRefused),
        ({"action": "web.restart"}, InputInvalid),
        ({"action": "web.restart", "input": {"unit": "x", "mod": "y"}}, InputInvalid),
        ({"action": "web.restart", "input": {"unit": "x", "token": "plain"}}, InputInvalid),
        ({"action": "web.restart", "input": {"unit": "x"}, "secrets": {"unit": "s"}}, RequestRefused),
        ({"action": 7}, RequestRefused),
        ("text", RequestRefused),
    ],
)
async def test_a_manual_run_that_cannot_run_is_refused_to_its_sender(world: World, request_data: JsonValue, error: type[Exception]) -> None:
    with pytest.raises(error):
        await world.send(request_data, kind=REQUESTED)
    assert not await world.store.unplanned(limit=10)


async def test_a_replan_of_the_same_position_changes_nothing(world: World) -> None:
    await world.send({"unit": "nginx", "level": 5})
    await world.planner.plan_all()
    before = await world.executions()
    await world.send({"unit": "nginx", "level": 5})  # the same (source, id)
    await world.planner.plan_all()
    assert await world.executions() == before


async def test_a_completion_is_planned_like_any_event(world: World) -> None:
    await world.send({"unit": "nginx", "level": 1})
    await world.planner.plan_all()
    first = (await world.executions())[0]
    move = Move(execution=first.new.id, attempt=0, state=State.SETTLED, at=1.0, outcome=Outcome.CANCELLED, reason=Reason.OPERATOR)
    await world.store.record_moves([replace(move, completion=completion(first, move, 1.0))])
    await world.planner.plan_all()
    event = await world.store.find_event("attune:executions", first.new.id)
    assert event is not None
    assert event.status is EventStatus.PLANNED
    assert event.new.hops == 1


async def test_a_place_that_was_found_in_a_full_queue_is_told_of_in_the_commit_that_rejects(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.planner.bound.limit = 1
    for event_id in ("1", "2"):
        await world.send({"unit": "lonely", "level": 0}, event_id=event_id)
    await world.planner.plan_all()

    async def crash(_event: object) -> NoReturn:
        raise AssertionError("a second commit, before which the program may end")

    monkeypatch.setattr(world.store, "accept_event", crash)
    world.hosts.append(Host("late", {"role": "none"}))
    await world.planner.place_waiting()
    assert [one.reason for one in await world.executions() if one.new.rule == "web.nobody"] == [None, Reason.QUEUE_FULL]
    assert [one.new.type for one in await world.store.unplanned(limit=9)][-2:] == ["web.restart.completed", "core.queue_full"]


async def test_what_planning_itself_makes_an_event_is_planned_without_another_arrival(world: World) -> None:
    world.planner.bound.limit = 1
    running = asyncio.create_task(world.planner.run())
    await world.send({"unit": "lonely", "level": 0})
    await eventually(lambda: not world.store.tables.unplanned, what="the first plan")
    world.clock.time += world.planner.agent_wait + 1
    await world.send({"unit": "nginx", "level": 0}, event_id="2")
    await eventually(lambda: {"core.queue_full", "web.restart.completed"} <= world.planned(), what="the plan of its own events")
    running.cancel()
