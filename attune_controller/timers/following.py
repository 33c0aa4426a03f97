"""Timers: follows the schedules of the active revision, and lets each due time become one event, whatever crashes and wherever clocks jump.

One loop of the controller, woken by a new revision; it sleeps until the first timer is due. A tick and the progress that says so are one
transaction, and the tick's id is its due time, so that the store takes none twice. Afterwards the planner reads it like any event.
"""

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from attune_controller.errors import BacklogFull
from attune_controller.intake import Intake
from attune_controller.planning import CatalogHolder
from attune_controller.store.errors import StoreBusy, StoreFull
from attune_controller.store.ports.timers import Timers as TimersStore
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.timers import Progress
from attune_controller.timers.agenda import Agenda, Decision
from attune_controller.waking import woken
from attune_core.catalog.catalog import Catalog, Timer
from attune_core.ports import Clock
from attune_core.timers.ticking import Tick, shown

#: Timers whose ticks are one transaction, and rows written in one.
BATCH, ROWS = 256, 1000
#: Seconds until a controller that was full is tried again.
PAUSE = 1.0
SOURCE = "attune:timers/"


class Timers:
    """Ticks."""

    def __init__(self, store: TimersStore, intake: Intake, active: CatalogHolder, clock: Clock) -> None:
        """Take what is needed."""
        self._store, self._intake, self._active, self._clock = store, intake, active, clock
        self._work = asyncio.Event()
        self._agenda = Agenda({}, {}, clock.now())
        self._followed: Catalog | None = None
        self._log = structlog.get_logger("timers")

    def wake(self) -> None:
        """Say that there may be another revision."""
        self._work.set()

    def progress(self, timer: str) -> Progress | None:
        """Return how far a timer was followed."""
        return self._agenda.progress(timer)

    def all_progress(self) -> Sequence[Progress]:
        """Return how far each was."""
        return self._agenda.all_progress()

    async def run(self) -> None:
        """Follow for ever; after a full disk it is begun anew, and what was due meanwhile is due still."""
        while True:
            self._work.clear()
            left = await self.step()
            await woken(self._work, left)

    async def step(self) -> float | None:
        """Do what is to be done now, and return the seconds until there is more; None: not before another revision."""
        catalog = self._active.catalog
        if catalog is not self._followed and catalog is not None:
            await self._adopt(catalog.timers)
            self._followed = catalog
        return await self._tick()

    async def _adopt(self, timers: Mapping[str, Timer]) -> None:
        """Take another revision's timers: the new ones begin now, those that are gone are forgotten, the others go on."""
        agenda = Agenda(timers, await self._store.timers(), self._clock.now())
        for begin in range(0, len(agenda.fresh), ROWS):
            await self._store.record_ticks(agenda.fresh[begin : begin + ROWS])
        if agenda.gone:
            await self._store.forget_timers(agenda.gone)
        self._agenda = agenda

    async def _tick(self) -> float | None:
        now = self._clock.now()
        self._agenda.look(now)
        while decisions := self._agenda.decide(now, BATCH):
            try:
                await self._store_ticks(decisions, now)
            except BacklogFull:
                self._agenda.put_back(decisions)
                return PAUSE
            except (StoreFull, StoreBusy):
                self._agenda.put_back(decisions)
                raise
            self._agenda.settle(decisions)
            if self._work.is_set():
                return 0.0
            now = self._clock.now()
        return None if self._agenda.next_at is None else max(0.0, self._agenda.next_at - now)

    async def _store_ticks(self, decisions: Sequence[Decision], now: float) -> None:
        events = [tick_event(one.timer, tick, now) for one in decisions for tick in one.ticks]
        await self._intake.accept_ticks([one.progress for one in decisions], events)
        for one in decisions:
            missed = one.progress.missed + sum(tick.missed for tick in one.ticks)
            if missed:
                self._log.warning("timer_missed", timer=one.timer.ref, missed=missed, ticks=len(one.ticks), misfire=one.timer.misfire)


def tick_event(timer: Timer, tick: Tick, now: float) -> NewEvent:
    """Return the event that a due time becomes."""
    due = shown(tick.due)
    return NewEvent(
        source=SOURCE + timer.ref,
        id=due,
        type=timer.ref,
        time=float(tick.due),
        received_at=now,
        data={"due": due, "missed": tick.missed, "data": timer.document.data},
    )
