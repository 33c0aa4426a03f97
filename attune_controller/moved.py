"""Moved: who is told of executions that were placed, moved or ended; Turns.changed where there are queues of the fleet.

Held by planning, reports and cancellation, so that they need not know turns, which uses them.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from attune_controller.store.records.executions import Execution

Moved: TypeAlias = Callable[[Sequence[Execution]], None]


def nobody(_executions: Sequence[Execution]) -> None:
    """Nobody minds queues of the fleet."""
