"""A sensor's process as the executor hosts it: started once, stopped, waited for, across whatever becomes of the executor.

Used by `sensor`. The run is stored before the executor is asked, so that no process is ever hosted that this agent does not know.
"""

from collections.abc import Callable

import structlog

from attune_agent.errors import InputOnDisk
from attune_agent.executor_errors import AttemptUnknown, ExecutorIncompatible, ExecutorUnreachable
from attune_agent.host import Ended, Greeting, SensorHost, StartRequest
from attune_agent.sensors.errors import SensorsUnsupported
from attune_agent.sensors.preparation import GRACE, PreparedSensor
from attune_core.errors import AttuneError
from attune_core.ports import Clock

_log = structlog.get_logger(__name__)

#: Seconds between two tries to reach the executor.
_PAUSE = 1.0


class Processes:
    """The executor, asked until it answers."""

    def __init__(self, host: SensorHost, clock: Clock, release: Callable[[str], None]) -> None:
        """`release` is told which run no longer uses its environment."""
        self._host = host
        self._clock = clock
        self._release = release

    async def greeting(self) -> Greeting:
        """Return which executor answers, however long it takes to reach it."""
        while True:
            try:
                return await self._host.greeting()
            except (ExecutorUnreachable, ExecutorIncompatible):
                await self._clock.sleep(_PAUSE)

    def check(self, greeting: Greeting, prepared: PreparedSensor) -> None:
        """Refuse what this executor cannot host: `SensorsUnsupported`, `InputOnDisk`."""
        if not greeting.sensors:
            raise SensorsUnsupported
        if prepared.only_in_memory and not greeting.inputs_in_memory:
            raise InputOnDisk(f"the configuration of {prepared.request.action} holds secrets and would be written to a disk")

    async def start(self, request: StartRequest) -> None:
        """Have it started; when this returns it was, when it raises it was not."""
        while True:
            try:
                await self._host.start(request)
            except ExecutorUnreachable:  # unknown: asking again is harmless
                await self._clock.sleep(_PAUSE)
            else:
                return

    async def stop(self, run: str) -> None:
        """Have its whole tree ended, as soon as the executor can be told."""
        while True:
            try:
                await self._host.stop(run, 1, grace=GRACE)
            except ExecutorUnreachable:
                await self._clock.sleep(_PAUSE)
            except AttemptUnknown:
                return  # `wait` says the same
            else:
                return

    async def wait(self, run: str) -> Ended | None:
        """Return how it ended; None when the executor knows nothing of it."""
        while True:
            try:
                return await self._host.wait(run, 1)
            except ExecutorUnreachable:
                await self._clock.sleep(_PAUSE)
            except AttemptUnknown:
                return None

    async def done_with(self, run: str) -> None:
        """Let the executor forget how it ended, once that is stored here; failing that, the next start of the agent says so again."""
        self._release(run)
        try:
            await self._host.forget(run, 1)
        except AttuneError:
            return

    async def trim(self, run: str, before: int) -> bool:
        """Let go of segments; tell whether the executor has heard it."""
        try:
            await self._host.trim(run, before)
        except AttuneError:
            return False
        return True

    async def unspool(self, run: str) -> None:
        """Let go of a whole spool, before its run is forgotten here."""
        while True:
            try:
                await self._host.unspool(run)
            except (ExecutorUnreachable, ExecutorIncompatible):
                await self._clock.sleep(_PAUSE)
            except AttuneError as error:  # the next start of the agent says it again
                _log.warning("a spool stays", run=run, error=str(error))
                return
            else:
                return

    async def end_stray(self, run: str, *, ended: bool) -> None:
        """End what is hosted and no longer waited for here."""
        if not ended:
            await self.stop(run)
            await self.wait(run)
        await self.done_with(run)

    async def renew(self, run: str, lease: float) -> None:
        """Let it run on; one that is gone needs it no more."""
        try:
            await self._host.renew(run, lease)
        except AttuneError:
            return
