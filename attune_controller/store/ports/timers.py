"""Timers: how far their schedules were followed, as the store's port has it for the controller's timers.

Part of store.port.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attune_controller.store.records.events import Acceptance, NewEvent
from attune_controller.store.records.timers import Progress


class Timers(Protocol):
    """One row for each timer of the active revision."""

    async def timers(self) -> Mapping[str, Progress]:
        """Return all, by the timers' references."""
        ...

    async def record_ticks(
        self, progress: Sequence[Progress], events: Sequence[NewEvent] = (), *, followed: bool = False
    ) -> Sequence[Acceptance]:
        """Replace what is known of these timers and accept their ticks, in order and in one transaction.

        `followed`: the planner looks for them at once, so that the two may share a commit.
        """
        ...

    async def forget_timers(self, timers: Sequence[str]) -> None:
        """Remove what is known of these."""
        ...
