"""Chains of causes end at the limit of hops, visibly; and events of one source are planned in the order in which they were accepted."""

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_controller.backlog import Backlog
from attune_controller.completion import completion
from attune_controller.intake import Intake
from attune_controller.planning import Planner
from attune_controller.store.port import Store
from attune_controller.store.records.events import EventFilter, EventStatus, NewEvent
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import load
from attune_core.dead_letters import HOP_LIMIT, DeadReason
from attune_core.ports import SystemClock, SystemRandom
from attune_core.states import State
from attune_core.values import JsonValue
from tests.controller.store.making import move
from tests.running import action_document, pack


def catalog_of(folder: Path, rules: dict[str, JsonValue]) -> Catalog:
    """Return a repository with one action and these rules on it."""
    trigger: JsonValue = {"description": "T", "data": {"type": "object", "properties": {"n": {"type": "integer"}}}}
    documents = {"triggers/alert.yaml": json.dumps(trigger), "actions/do.yaml": action_document("do.sh"), "actions/do.sh": "true\n"}
    files = pack("web", documents | {f"rules/{name}.yaml": json.dumps(rule) for name, rule in rules.items()})
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    loaded = load(FolderTree(folder), "r1")
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


def rule(trigger: str, when: str) -> JsonValue:
    return {"description": "R", "trigger": trigger, "when": when, "action": "web.do", "agents": {"match": {"role": "web"}}}


class Life:
    """One life of a controller over a store: its intake and its planner, without agents."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self.store, self.catalog = store, catalog
        self.planner = Planner(store, self, self, SystemClock(), SystemRandom(), planned=lambda _agent: False)
        backlog = Backlog(store, SystemClock())
        self.intake = Intake(store, self, summon=lambda: False, glance=lambda: None, backlog=backlog, news=self.planner.news)

    def candidates(self) -> tuple[()]:
        return ()

    async def send(self, event_id: str, source: str = "test", n: int = 0) -> None:
        await self.intake.accept(NewEvent(source=source, id=event_id, type="web.alert", time=1.0, received_at=1.0, data={"n": n}))

    async def plan(self) -> None:
        """Plan until nothing waits: what a plan tells is an event, too."""
        while await self.store.unplanned(limit=1):
            await self.planner.plan_all()

    async def settle_all(self) -> int:
        """Let everything that was asked for succeed, as its agent would say; return how many."""
        waiting = await self.store.executions(before=None, limit=100, state=State.ACCEPTED)
        for execution in waiting:
            await self.store.place(execution.new.id, "web1")
            ended = move(execution.new.id, State.SETTLED)
            await self.store.record_moves([replace(ended, completion=completion(execution, ended, 1.0))])
        return len(waiting)


async def test_a_rule_that_fires_itself_by_every_execution_that_ends_is_cut_and_told(tmp_path: Path) -> None:
    """What a condition lets through that `attune validate` could only warn of; a second rule hears of the end, and ends there itself."""
    itself = rule("core.execution_finished", 'event.data.outcome == "succeeded"')
    alarm = rule("core.dead_letter", 'event.data.reason == "hop_limit"')
    store = await open_sqlite_store(tmp_path / "store")
    life = Life(store, catalog_of(tmp_path, {"first": rule("web.alert", "event.data.n == 0"), "itself": itself, "alarm": alarm}))
    await life.send("1")
    rounds = 0
    await life.plan()
    while await life.settle_all():
        rounds += 1
        await life.plan()
    made = await store.executions(before=None, limit=100)
    by_rule = {name: sum(one.new.rule == f"web.{name}" for one in made) for name in ("first", "itself", "alarm")}
    assert by_rule == {"first": 1, "itself": HOP_LIMIT, "alarm": 1}
    assert rounds == HOP_LIMIT + 2
    cut = (await store.events(before=None, limit=9, where=EventFilter(status=EventStatus.DEAD_LETTER))).events
    assert [(one.new.type, one.new.hops, one.new.dead and one.new.dead.reason) for one in cut] == [
        ("web.do.completed", HOP_LIMIT + 2, DeadReason.HOP_LIMIT),
        ("web.do.completed", HOP_LIMIT + 1, DeadReason.HOP_LIMIT),
    ]
    told = (await store.events(before=None, limit=9, where=EventFilter(type="core.dead_letter"))).events
    assert [one.new.hops for one in told] == [HOP_LIMIT + 1], "the end of the alarm's own chain is not told again"
    await store.close()


#: What happens, in order: an event of a source comes, what waits is planned, or the controller dies (before or after) and another begins.
STEPS = st.lists(st.one_of(st.integers(min_value=0, max_value=3), st.sampled_from(["plan", "die"])), max_size=30)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalog_of(tmp_path_factory.mktemp("repository"), {"each": rule("web.alert", "event.data.n >= 0")})


@settings(max_examples=8, deadline=None)
@given(steps=STEPS)
async def test_events_of_a_source_are_planned_in_the_order_in_which_they_were_accepted(catalog: Catalog, steps: list[int | str]) -> None:
    """Over restarts, and whatever came of other sources between."""
    with TemporaryDirectory() as folder:
        life = Life(await open_sqlite_store(Path(folder)), catalog)
        sent: list[tuple[str, int]] = []
        for step in [*steps, "plan"]:
            if step == "plan":
                await life.planner.plan_all()
            elif step == "die":
                await life.store.close()
                life = Life(await open_sqlite_store(Path(folder)), catalog)
            else:
                sent.append((f"source {step}", len(sent)))
                await life.send(f"{len(sent)}", *sent[-1])
        planned: list[tuple[str, int]] = []
        for execution in reversed(await life.store.executions(before=None, limit=100)):
            event = await life.store.event(execution.new.event)
            assert event is not None
            assert isinstance(event.new.data, dict)
            n = event.new.data["n"]
            assert isinstance(n, int)
            planned.append((event.new.source, n))
        await life.store.close()
    assert planned == sent
