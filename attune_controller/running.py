"""Controller: the built parts at work: restored, listening, looping, and stopped in order.

Made by `app`, run by `main`. A part that fails for good ends the controller with its error; a full disk is waited for (reliability.md G17).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from attune_controller.errors import SessionOver
from attune_controller.http.listener import Listener
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.store.errors import StoreBusy, StoreFull
from attune_controller.store.port import Store
from attune_controller.watched.changes import Changes
from attune_core.ports import Clock

Loop = Callable[[], Awaitable[None]]
#: Seconds after which a loop that met a full disk tries again.
PAUSE = 1.0


@dataclass(kw_only=True)
class Controller:
    """Everything that runs. `restore` happens before anything listens, `announce` when everything does, `withdraw` at the end."""

    store: Store
    clock: Clock
    sessions: OpenSessions
    changes: Changes
    listeners: Sequence[Listener]
    loops: Mapping[str, Loop]
    restore: Loop
    announce: Callable[[], None]
    withdraw: Callable[[], None]
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Ask it to end in order; `run` returns when it has."""
        self._stopping.set()

    async def run(self) -> None:
        """Run until `stop`, or until a part fails for good, which raises its error (in an ExceptionGroup)."""
        log = structlog.get_logger("controller")
        try:
            await self.restore()
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._persist(name, loop), name=name) for name, loop in self.loops.items()]
                for listener in self.listeners:
                    await listener.start()
                    tasks.append(group.create_task(listener.wait(), name=listener.name))
                self.announce()
                log.info("controller_ready")
                await self._stopping.wait()
                log.info("controller_stopping")
                await self._close()
                for task in tasks:
                    task.cancel()
        finally:
            self.withdraw()
            await self._close()
            await self.store.close()
        log.info("controller_stopped")

    async def _close(self) -> None:
        """End the sessions and the feeds, which would never end by themselves, and then the listeners; may be done twice."""
        self.changes.close()
        for session in self.sessions:
            session.end(SessionOver("the controller is stopping"))
        await asyncio.gather(*(listener.stop() for listener in self.listeners))

    async def _persist(self, name: str, loop: Loop) -> None:
        while True:
            try:
                await loop()
            except (StoreFull, StoreBusy) as error:
                structlog.get_logger("controller").error("loop_waits", loop=name, code=error.code, reason=error.message)
                await self.clock.sleep(PAUSE)
