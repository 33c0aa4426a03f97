"""How far timers' schedules were followed, in memory.

Part of MemoryStore.
"""

from collections.abc import Mapping, Sequence

from attune_controller.store.encoding import encode
from attune_controller.store.memory.events import accept
from attune_controller.store.memory.opened import Opened
from attune_controller.store.records.events import Acceptance, NewEvent
from attune_controller.store.records.timers import Progress


class MemoryTimers(Opened):
    """See port.Timers."""

    async def timers(self) -> Mapping[str, Progress]:
        """See the port."""
        return dict(self.tables.timers)

    async def record_ticks(
        self,
        progress: Sequence[Progress],
        events: Sequence[NewEvent] = (),
        *,
        followed: bool = False,  # noqa: ARG002 - nothing here waits
    ) -> Sequence[Acceptance]:
        """See the port."""
        for event in events:
            encode(event.data)  # refused before anything is stored
        self.tables.timers.update({one.timer: one for one in progress})
        return [accept(self.tables, event) for event in events]

    async def forget_timers(self, timers: Sequence[str]) -> None:
        """See the port."""
        for timer in timers:
            self.tables.timers.pop(timer, None)
