"""Row 20: an event that ends the controller whenever it is planned becomes a dead letter after a few starts; all others are planned."""

import json
from pathlib import Path

import pytest

from attune_controller import planning
from attune_controller.backlog import Backlog
from attune_controller.drafting import Drafted, draft
from attune_controller.intake import Intake
from attune_controller.planning import Planner
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.records.events import Event, EventStatus, NewEvent
from attune_controller.suspects import CAREFUL, CAREFUL_FOR, Suspects
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import load
from attune_core.ports import SystemClock, SystemRandom
from attune_core.values import JsonValue
from tests.running import action_document, pack


class Died(BaseException):
    """Stands for a signal: no handler of the program sees it."""


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    trigger: JsonValue = {"description": "T", "data": {"type": "object", "properties": {"n": {"type": "integer"}}}}
    rule: JsonValue = {"description": "R", "trigger": "web.alert", "action": "web.do", "agents": {"match": {"role": "web"}}}
    documents = {"triggers/alert.yaml": json.dumps(trigger), "rules/do.yaml": json.dumps(rule)}
    files = pack("web", documents | {"actions/do.yaml": action_document("do.sh"), "actions/do.sh": "true\n"})
    for name, text in files.items():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    loaded = load(FolderTree(tmp_path / "repository"), "r1")
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


class Lives:
    """A controller's planner, life after life, over what survives them."""

    def __init__(self, catalog: Catalog, place: Path) -> None:
        self.catalog: Catalog | None = catalog
        self.store, self.place = MemoryStore(), place
        self.poison: set[int] = set()

    def candidates(self) -> tuple[()]:
        return ()

    async def send(self, count: int) -> None:
        intake = Intake(self.store, self, summon=lambda: False, glance=lambda: None, backlog=Backlog(self.store, SystemClock()))
        for number in range(count):
            new = NewEvent(source="t", id=f"{number}", type="web.alert", time=1.0, received_at=1.0, data={"n": number})
            await intake.accept(new)

    async def live(self) -> bool:
        """Start, plan what there is; tell whether that went well."""
        suspects = Suspects(self.place / "suspects.json")
        planner = Planner(self.store, self, self, SystemClock(), SystemRandom(), planned=lambda _agent: None, suspects=suspects)
        try:
            await planner.plan_all()
        except Died:
            return False
        return True

    def draft(self, event: Event, catalog: Catalog) -> Drafted:
        if event.position in self.poison:
            raise Died
        return draft(event, catalog)

    async def statuses(self) -> list[EventStatus]:
        return [event.status for event in reversed((await self.store.events(before=None, limit=1000)).events)]


@pytest.fixture
def lives(catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lives:
    found = Lives(catalog, tmp_path)
    monkeypatch.setattr(planning, "draft", found.draft)
    return found


@pytest.mark.parametrize("poison", [1, 3, 70])
async def test_it_is_set_aside_and_the_rest_goes_on(lives: Lives, poison: int) -> None:
    lives.poison = {poison}
    await lives.send(80)
    deaths = 0
    while not await lives.live():
        deaths += 1
    assert deaths <= 4, "three over the same event, and one before it was known which of its batch it was"
    statuses = await lives.statuses()
    assert statuses.pop(poison - 1) is EventStatus.DEAD_LETTER
    assert set(statuses) == {EventStatus.PLANNED}
    event = await lives.store.event(poison)
    assert event is not None
    assert "set aside" in event.reason


async def test_two_of_them_are_both_found(lives: Lives) -> None:
    lives.poison = {2, 5}
    await lives.send(6)
    while not await lives.live():
        pass
    assert [position for position, status in enumerate(await lives.statuses(), 1) if status is EventStatus.DEAD_LETTER] == [2, 5]


async def test_deaths_that_are_not_the_events_fault_set_none_aside(lives: Lives) -> None:
    """Killed twice while it plans the same event, by whomever, and then left alone."""
    await lives.send(3)
    lives.poison = {1}
    assert [await lives.live() for _ in range(2)] == [False] * 2
    lives.poison = set()
    assert await lives.live()
    assert set(await lives.statuses()) == {EventStatus.PLANNED}


async def test_a_note_that_cannot_be_read_suspects_nobody(lives: Lives) -> None:
    (lives.place / "suspects.json").write_text("{")
    await lives.send(2)
    assert await lives.live()


async def test_a_life_that_planned_ahead_and_was_cut_off_is_followed_by_a_careful_hour(tmp_path: Path) -> None:
    """An event that ends the controller before it is stored leaves no trace, and its sender sends it again."""
    place = tmp_path / "suspects.json"
    assert Suspects(place).may_plan_ahead(0.0)
    after = Suspects(place)
    assert not after.may_plan_ahead(0.0)
    assert not after.may_plan_ahead(CAREFUL_FOR - 1)
    assert after.may_plan_ahead(CAREFUL_FOR)
    assert not Suspects(place).may_plan_ahead(0.0), "it was cut off again"


async def test_a_life_that_ended_in_order_leaves_no_suspicion(tmp_path: Path) -> None:
    place = tmp_path / "suspects.json"
    life = Suspects(place)
    assert life.may_plan_ahead(0.0)
    life.end_in_order()
    assert Suspects(place).may_plan_ahead(0.0)


async def test_what_an_earlier_version_noted_is_understood(tmp_path: Path) -> None:
    place = tmp_path / "suspects.json"
    place.write_text(json.dumps({"oldest": 7, "starts": CAREFUL, "alone": 0, "tries": 0}))
    assert Suspects(place).begin(7)
