"""The events of a simulation and who sends them: each is sent until it is acknowledged, some also after that.

Made from the seed by `world`; the judge compares what was acknowledged with what became of it.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from attune_controller.store.errors import StoreBusy, StoreFull
from attune_controller.store.records.events import NewEvent
from attune_core.values import JsonObject
from tests.simulation.controller import SimulatedController
from tests.simulation.ports import EPOCH
from tests.simulation.repository import KINDS
from tests.simulation.wire import Broken

SOURCE = "simulation:sender"
#: An hour.
EVENTS = 220


@dataclass(frozen=True, kw_only=True)
class Sending:
    """One event, when it is sent first, and how often it is sent again although it was acknowledged."""

    at: float
    id: str
    data: JsonObject
    again: int = 0


@dataclass
class Sender:
    """Everybody who sends events."""

    controller: SimulatedController
    random: random.Random
    #: Position by id.
    acknowledged: dict[str, int] = field(default_factory=dict)
    tries: int = 0

    async def send(self, sending: Sending) -> None:
        """Send until it is acknowledged."""
        event = NewEvent(source=SOURCE, id=sending.id, type="sim.tick", time=EPOCH, received_at=EPOCH + sending.at, data=sending.data)
        sent = 0
        while sent <= sending.again:
            self.tries += 1
            try:
                acceptance = await self.controller.ask(lambda assembly: assembly.intake.accept(event))
            except (Broken, StoreFull, StoreBusy):
                await asyncio.sleep(self.random.uniform(0.1, 5.0))
            else:
                self.acknowledged.setdefault(sending.id, acceptance.position)
                sent += 1


def sendings(seed: str, hours: float, per_hour: int) -> Sequence[Sending]:
    """Return the events of a seed, in bursts and alone."""
    chance = random.Random(f"{seed} workload")
    made: list[Sending] = []
    while len(made) < per_hour * hours:
        at = chance.uniform(1.0, hours * 3600.0)
        for _ in range(chance.choice((1, 1, 1, 2, 5, 12))):
            data: JsonObject = {
                "kind": chance.choice(KINDS),
                "unit": chance.choice(("a", "b", "c")),
                "seconds": round(chance.choice((0.01, 0.3, 2.0, 8.0)) * chance.uniform(0.5, 1.5), 3),
                "fails": chance.choice((0, 0, 0, 1, 2, 5)),
                "manner": chance.choice(("plain", "plain", "plain", "stubborn", "straggler")),
            }
            made.append(Sending(at=at, id=f"event-{len(made)}", data=data, again=chance.choice((0, 0, 0, 0, 1))))
            at += chance.uniform(0.0, 0.2)
    return sorted(made, key=lambda one: (one.at, one.id))
