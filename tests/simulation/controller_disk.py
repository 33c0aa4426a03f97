"""The controller's disk: the memory store over tables that survive a crash, with the time, the order and the failures of a real disk.

`controller` gives one SimulatedStore to each life. Calls reach the tables one after the other, as through one writer; a life that dies
before its turn has changed nothing, one that dies after it is never told.
"""

import asyncio
import inspect
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from attune_controller.store.errors import StoreFull
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.memory.tables import Tables
from attune_controller.store.records.events import Acceptance
from attune_controller.store.records.groups import EndedGroup
from attune_controller.store.records.plans import PlannedEvent
from attune_core.rules.throttling import ThrottleKey
from tests.simulation.life import Life

P = ParamSpec("P")
T = TypeVar("T")

#: How the methods that write begin; everything else only reads.
_WRITES = (
    "accept_",
    "record_",
    "place",
    "request_",
    "take_",
    "resume_handovers",
    "acknowledge",
    "enrol",
    "greet",
    "seen",
    "set_",
    "add_",
    "remove_",
)
#: Seconds that a commit, or a look, takes.
_COMMIT, _LOOK = (0.0005, 0.02), (0.0001, 0.002)


class ControllerDisk:
    """What survives."""

    def __init__(self, seed: str) -> None:
        self.tables = Tables()
        self.full = False
        self.random = random.Random(seed)
        self.free_at = 0.0
        #: How many executions the planner wanted of each event.
        self.intended: dict[int, int] = {}
        #: And of each group of events, by its key and the event that it stands for.
        self.ends: dict[tuple[ThrottleKey, int], int] = {}
        #: When each step of the history was committed.
        self.step_times: list[float] = []

    def intend(self, plans: object) -> None:
        """Keep how many executions the planner wants of each event."""
        assert isinstance(plans, Sequence)
        for plan in plans:
            if isinstance(plan, PlannedEvent):
                self.intended[plan.position] = len(plan.executions)
            else:
                assert isinstance(plan, EndedGroup)
                self.ends[plan.group.key, plan.position] = len(plan.executions)

    def intend_lone(self, answer: object, asked: Sequence[object]) -> None:
        """Do so for an event that was stored with its plan."""
        match answer, asked:
            case (Acceptance(planned=True, position=position), _), (_, PlannedEvent(executions=executions)):
                self.intended[position] = len(executions)
            case _:
                pass  # it has its plan from the planner


class SimulatedStore(MemoryStore):
    """The store of one life."""

    def __init__(self, disk: ControllerDisk, life: Life) -> None:
        super().__init__("simulated")
        self._tables = disk.tables
        self._disk, self._life = disk, life
        self._within = False

    async def turn(self, name: str, *, writes: bool) -> None:
        """Wait for the disk."""
        self._life.reach(f"store {name} before")
        if writes and self._disk.full:
            raise StoreFull
        loop = asyncio.get_running_loop()
        self._disk.free_at = max(self._disk.free_at, loop.time()) + self._disk.random.uniform(*(_COMMIT if writes else _LOOK))
        await asyncio.sleep(self._disk.free_at - loop.time())
        if not self._life.alive:
            raise asyncio.CancelledError


def _slow(
    name: str, method: Callable[Concatenate[SimulatedStore, P], Awaitable[T]]
) -> Callable[Concatenate[SimulatedStore, P], Awaitable[T]]:
    writes = name.startswith(_WRITES)

    async def through_the_disk(self: SimulatedStore, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._within:  # a method of the store that uses another one
            return await method(self, *args, **kwargs)
        if name == "record_plans":
            self._disk.intend(next(iter(args)))
        await self.turn(name, writes=writes)
        self._within = True
        try:
            found = await method(self, *args, **kwargs)
        finally:
            self._within = False
        if name == "accept_planned":
            self._disk.intend_lone(found, args)
        if writes:
            times = self._disk.step_times
            times += [asyncio.get_running_loop().time()] * (len(self._disk.tables.steps) - len(times))
            self._life.reach(f"store {name} after")
        return found

    return through_the_disk


for _name, _method in inspect.getmembers(MemoryStore, inspect.iscoroutinefunction):
    if not _name.startswith("_") and _name != "close":
        setattr(SimulatedStore, _name, _slow(_name, _method))
