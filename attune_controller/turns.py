"""Turns: wakes the agents whose turn it is in the queues of the fleet, which stand at the controller (`scope: fleet`).

Told by planning, reports and cancellation of the executions that they moved; dispatch then takes the head for its agent. What nobody tells,
a policy of a new revision or a hold that was lifted, is found by looking at all of these queues, at the latest after INTERVAL.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TypeAlias

from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.store.port import Queues
from attune_controller.store.records import Execution, QueueKey

#: Seconds between two looks at all of them.
INTERVAL = 5.0
#: Told of executions that were placed, moved or ended; Turns.changed where there are queues of the fleet.
Moved: TypeAlias = Callable[[Sequence[Execution]], None]


class Turns:
    """Who is next; a look too many costs one read."""

    def __init__(self, store: Queues, sessions: OpenSessions) -> None:
        """Take what knows the queues and who is there."""
        self._store, self._sessions = store, sessions
        self._changed: set[QueueKey] = set()
        self._work = asyncio.Event()

    def changed(self, executions: Iterable[Execution]) -> None:
        """Take note of executions that were planned, moved or ended."""
        queues = {execution.queue for execution in executions if execution.new.fleet}
        if queues:
            self._changed |= queues
            self._work.set()

    async def run(self) -> None:
        """For ever: wake those whose turn has come."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL):
                    await self._work.wait()
            self._work.clear()
            only, self._changed = self._changed, set()
            await self.look(sorted(only) or None)

    async def look(self, only: list[QueueKey] | None = None) -> None:
        """Wake those whose turn it is in these queues, or in all."""
        for agent in set((await self._store.fleet_heads(only)).values()):
            self._sessions.wake(agent)


def nobody(_executions: Sequence[Execution]) -> None:
    """Nobody minds queues of the fleet."""
