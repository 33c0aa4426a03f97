"""Timers: what ten thousand of them cost a controller that waits, and how fast they tick when all are due at once.

At rest the controller's own loop follows them on a real store, and its processor time is taken beside that of one without timers. Ticks are
measured beside as many events accepted in batches of the same size, which is all that a tick could cost less.
`python -m benchmarks.timers [--timers 10000] [--seconds 30] [--rounds 5] [--json]`.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path

from attune_controller.backlog import Backlog
from attune_controller.intake import Intake
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.store.records.events import NewEvent
from attune_controller.store.sqlite.store import SqliteStore, open_sqlite_store
from attune_controller.timers.following import BATCH, Timers
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.folder_tree import working_tree
from attune_core.catalog.load import load
from attune_core.ports import SystemClock
from attune_core.values import JsonObject
from benchmarks.figures import ratios, show, summary

_PLACES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC")


class Shifted(SystemClock):
    """The machine's clock, set to noon (UTC), when none of the timers is due, and forward by as much as a benchmark likes."""

    def __init__(self) -> None:
        self.ahead = 43_200 - super().now() % 86_400

    def now(self) -> float:
        return super().now() + self.ahead


def repository(folder: Path, timers: int) -> Catalog:
    """Write and load a repository of nightly timers, in a few zones."""
    pack = folder / "packs" / "many"
    (pack / "timers").mkdir(parents=True)
    (folder / "attune.yaml").write_text('format: 1\nattune: ">=0.1"\n', encoding="ascii")
    (pack / "pack.yaml").write_text("name: many\nversion: 1.0.0\ndescription: Many timers\n", encoding="ascii")
    for number in range(timers):
        text = f"description: Timer {number}\ncron: {number % 60} 3 * * *\nzone: {_PLACES[number % 4]}\n"
        (pack / "timers" / f"t{number}.yaml").write_text(text, encoding="ascii")
    catalog = load(working_tree(folder), "0" * 40).catalog
    assert catalog is not None
    return catalog


def followed(store: SqliteStore, catalog: Catalog, clock: SystemClock) -> tuple[Timers, Intake]:
    active = ActiveCatalog()
    active.swap(catalog)
    intake = Intake(store, active, summon=lambda: False, glance=lambda: None, backlog=Backlog(store, clock))
    return Timers(store, intake, active, clock), intake


def used() -> float:
    times = resource.getrusage(resource.RUSAGE_SELF)
    return times.ru_utime + times.ru_stime


async def at_rest(folder: Path, catalog: Catalog, seconds: float) -> float:
    """Return the share of one processor that following takes while nothing is due."""
    store = await open_sqlite_store(folder)
    timers, _ = followed(store, catalog, Shifted())
    await timers.step()
    loop = asyncio.create_task(timers.run())
    before = used()
    await asyncio.sleep(seconds)
    share = (used() - before) / seconds
    loop.cancel()
    await store.close()
    return 100 * share


async def ticks(folder: Path, catalog: Catalog) -> tuple[float, float]:
    """Return the ticks a second when all are due in one moment, and the events a second that intake takes in such batches."""
    clock = Shifted()
    store = await open_sqlite_store(folder)
    timers, intake = followed(store, catalog, clock)
    await timers.step()
    clock.ahead += 86_400.0
    began = time.perf_counter()
    await timers.step()
    ticked = len(catalog.timers) / (time.perf_counter() - began)
    now, refs = clock.now(), list(catalog.timers)
    data: JsonObject = {"due": "2027-01-01T03:00:00Z", "missed": 0, "data": {}}
    began = time.perf_counter()
    for begin in range(0, len(refs), BATCH):
        events = [NewEvent(source="b", id=ref, type=ref, time=now, received_at=now, data=data) for ref in refs[begin : begin + BATCH]]
        await intake.accept_all(events)
    plain = len(refs) / (time.perf_counter() - began)
    await store.close()
    return ticked, plain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timers", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        began = time.perf_counter()
        catalog = repository(folder / "many", asked.timers)
        loaded = time.perf_counter() - began
        empty = repository(folder / "none", 0)
        figures: dict[str, list[float]] = {name: [] for name in ("rest", "rest_without", "ticks", "events")}
        for number in range(asked.rounds):
            figures["rest"].append(asyncio.run(at_rest(folder / f"rest{number}", catalog, asked.seconds)))
            figures["rest_without"].append(asyncio.run(at_rest(folder / f"without{number}", empty, asked.seconds)))
            ticked, plain = asyncio.run(ticks(folder / f"ticks{number}", catalog))
            figures["ticks"].append(ticked)
            figures["events"].append(plain)
    found = {
        "written and loaded, s": f"{loaded:.3g}",
        "at rest, per cent of one processor": summary(figures["rest"]),
        "the same without timers": summary(figures["rest_without"]),
        "ticks a second, all due at once": summary(figures["ticks"]),
        "events a second in batches of the same size": summary(figures["events"]),
        "ticks / events": ratios(figures["ticks"], figures["events"]),
    }
    show(f"{asked.timers} timers, {asked.rounds} rounds", found, as_json=asked.json)


if __name__ == "__main__":
    main()
