"""The simulated controller: its disk and the lives of the controller program; everything inside the program is real.

Made by `world`; `workload` and `faults` ask it for events, cancellations and marks as a client would, and may get no answer.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

from attune_controller.assembly import Assembly, Loop
from attune_controller.running import PAUSE
from attune_controller.store.errors import StoreBusy, StoreFull
from attune_core.catalog.catalog import Catalog
from tests.simulation.controller_disk import ControllerDisk, SimulatedStore
from tests.simulation.life import Life, Points
from tests.simulation.loop import VirtualLoop
from tests.simulation.ports import SimulatedClock, SimulatedRandom, WallClock
from tests.simulation.served import Served
from tests.simulation.wire import Broken

T = TypeVar("T")
#: An execution without a matching agent waits so long, seconds.
_AGENT_WAIT = 600.0


class SimulatedController:
    """The controller's machine; it survives the program."""

    def __init__(self, loop: VirtualLoop, points: Points, *, seed: str, catalog: Catalog) -> None:
        self.disk = ControllerDisk(f"{seed} disk")
        self.wall = WallClock()
        #: The revision that reconcile would find.
        self.catalog = catalog
        self.life: Life | None = None
        self.assembly: Assembly | None = None
        self.served: Served | None = None
        self._lives = 0
        self._loop, self._points, self._seed = loop, points, seed

    def start(self) -> None:
        """Begin a life of the program, unless it has one."""
        if self.life is not None and self.life.alive:
            return
        self._lives += 1
        self.life = life = Life(self._loop.program("controller"), self._points)
        life.program.mourners["served"] = self._stop_serving
        self._loop.begin(life.program, self._run(life, f"{self._seed} life {self._lives}"))

    def activate(self, catalog: Catalog) -> None:
        """Let a revision go live, as reconcile does."""
        self.catalog = catalog
        if self.served is not None and self.assembly is not None and self.life is not None:
            self.life.program.context.run(self.assembly.active.swap, catalog)

    async def ask(self, work: Callable[[Assembly], Coroutine[object, object, T]]) -> T:
        """Have the controller do something; `Broken` when it is down or dies meanwhile."""
        if self.served is None or self.assembly is None:
            raise Broken
        return await self.served.in_program(work(self.assembly))

    def _stop_serving(self) -> None:
        self.served = None

    async def _run(self, life: Life, seed: str) -> None:
        clock, generator = SimulatedClock(self._loop, self.wall), SimulatedRandom(seed)
        assembly = self.assembly = Assembly(store=SimulatedStore(self.disk, life), clock=clock, random=generator, agent_wait=_AGENT_WAIT)
        await assembly.restore()
        assembly.active.swap(self.catalog)
        async with asyncio.TaskGroup() as tasks:
            for loop in assembly.loops.values():
                tasks.create_task(_persist(loop, clock))
            self.served = Served(self._loop, life, assembly)


async def _persist(loop: Loop, clock: SimulatedClock) -> None:
    """Do as `running` does with a loop that meets a full disk."""
    while True:
        try:
            await loop()
        except (StoreFull, StoreBusy):
            await clock.sleep(PAUSE)
