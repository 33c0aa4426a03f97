"""Timers over a store, with a clock that only a test moves; begun anew as after a crash whenever the test says so."""

from datetime import datetime

from attune_controller.backlog import Backlog
from attune_controller.intake import Intake
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.store.port import Store
from attune_controller.store.records.events import Event
from attune_controller.timers.following import SOURCE, Timers
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.load import load
from attune_core.values import JsonObject, canonical_json
from tests.controller.clocks import StandingClock
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder
from tests.core.catalog.test_cases import CASES

HOUR, DAY, YEARS = 3600, 86_400, 10 * 365 * 86_400


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def catalog_with_timers(**timers: JsonObject) -> Catalog:
    """Return the base's catalog with these timers in the pack `web`."""
    files = dict(tree_of_folder(CASES / "base").files)
    for name, keys in timers.items():
        files[f"packs/web/timers/{name}.yaml"] = canonical_json({"description": "T", **keys}).encode()
    loaded = load(MemoryTree(files), "a" * 40)
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


class World:
    """One store, one clock, and the controller's timers on them."""

    def __init__(self, store: Store, begin: str = "2026-03-28T00:00Z") -> None:
        self.store, self.clock, self.active = store, StandingClock(), ActiveCatalog()
        self.clock.time = moment(begin)
        self.backlog = Backlog(store, self.clock)
        self.restart()

    def restart(self) -> None:
        """Forget everything that is not stored."""
        intake = Intake(self.store, self.active, summon=lambda: False, glance=lambda: None, backlog=self.backlog)
        self.timers = Timers(self.store, intake, self.active, self.clock)

    async def activate(self, **timers: JsonObject) -> None:
        self.active.swap(catalog_with_timers(**timers))
        await self.timers.step()

    async def pass_time(self, seconds: float, *, most: float = float("inf")) -> None:
        """Let time pass as the loop does: from one thing to do to the next."""
        end = self.clock.time + seconds
        while True:
            left = await self.timers.step()
            if left == 0:
                continue
            if left is None or self.clock.time + min(left, most) > end:
                break
            self.clock.time += min(left, most)
        self.clock.time = end
        while await self.timers.step() == 0:
            continue

    async def ticks(self, timer: str = "web.t") -> list[Event]:
        """Return every tick of a timer, as they were accepted."""
        page = await self.store.recorded_events(after=0, since=0.0, limit=100_000)
        found = list(page.events)
        while page.after is not None:
            page = await self.store.recorded_events(after=page.after, since=0.0, limit=100_000)
            found += page.events
        return [one for one in found if one.new.source == SOURCE + timer]

    async def due(self, timer: str = "web.t") -> list[str]:
        """Return their due times, which are their ids."""
        return [one.new.id for one in await self.ticks(timer)]
