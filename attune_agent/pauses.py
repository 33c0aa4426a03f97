"""How long to wait before a passing hindrance is tried again: longer each time, bounded, forgotten when it has passed.

Used by `attempt` and `following`, one for all executions.
"""

from attune_agent.state.records import Item
from attune_core.ports import Clock

#: First and longest pause, seconds.
_FIRST, _LONGEST = 0.2, 10.0


class Pauses:
    """Counts the tries of each execution."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock that waits."""
        self._clock = clock
        self._tries: dict[str, int] = {}

    def next(self, item: Item) -> float:
        """Return the seconds until the next try."""
        tries = self._tries[item.execution] = self._tries.get(item.execution, -1) + 1
        return min(_FIRST * 2.0 ** min(tries, 16), _LONGEST)

    async def wait(self, item: Item) -> None:
        """Wait until the next try."""
        await self._clock.sleep(self.next(item))

    def over(self, item: Item) -> None:
        """What was hindered has come through."""
        self._tries.pop(item.execution, None)
