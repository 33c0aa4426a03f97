"""The Host port of one life of an agent: its way to the executor of its host, where both may die at any moment.

Used by the real attempts; `executor_link.ExecutorLink` has tests of its own.
"""

import asyncio
import random
from collections.abc import Callable
from typing import TypeVar

from attune_agent.executor_errors import ExecutorUnreachable
from attune_agent.host import AttemptState, Ended, Greeting, Kind, Listed, Mode, StartReply, StartRequest, Word
from tests.simulation.executor import Executor
from tests.simulation.life import Life

T = TypeVar("T")


class SimulatedHost:
    """See attune_agent.host."""

    def __init__(self, life: Life, seed: str, present: Callable[[], Executor | None]) -> None:
        self._life, self._present, self._random = life, present, random.Random(seed)

    async def greeting(self) -> Greeting:
        executor = await self._reach("greeting")
        return Greeting(
            protocol=1,
            state_id=executor.state_id,
            life=executor.name,
            mode=Mode.UIDS,
            slots=executor.slots,
            inputs_in_memory=True,
        )

    async def start(self, request: StartRequest, word: Word | None = None) -> StartReply:
        executor = await self._reach("start")
        told = executor.start(request, self if word is not None else None)
        told.add_done_callback(lambda answer: answer.cancelled() or answer.exception())  # who has not given his word does not wait for it
        if word is not None:
            await self._give_word(executor, (request.execution, request.attempt), word)
        return await self._hear("start", told)

    async def _give_word(self, executor: Executor, key: tuple[str, int], word: Word) -> None:
        self._life.program.mourners[executor] = lambda: executor.give_up(self)
        try:
            await word()
        except BaseException:
            if self._life.alive and executor.life.alive:
                executor.say(key, "drop", self)
            raise
        if await self._reach("begin") is executor:
            executor.say(key, "begin", self)

    async def stop(self, execution: str, attempt: int, *, grace: float) -> None:
        (await self._reach("stop")).stop((execution, attempt), grace)

    async def wait(self, execution: str, attempt: int) -> Ended:
        executor = await self._reach("wait")
        return await self._hear("wait", executor.wait((execution, attempt)))

    async def listed(self) -> tuple[Listed, ...]:
        return tuple(
            Listed(
                execution=held.execution,
                attempt=held.attempt,
                kind=Kind.ATTEMPT,
                state=AttemptState(held.state),
                condition=held.condition,
                log_directory="",
                uses=held.uses or None,
            )
            for held in (await self._reach("list")).listed()
        )

    async def forget(self, execution: str, attempt: int) -> None:
        (await self._reach("forget")).forget((execution, attempt))

    async def _reach(self, what: str) -> Executor:
        self._life.reach(f"host {what} before")
        await asyncio.sleep(self._random.uniform(0.0001, 0.002))
        self._life.reach(f"host {what} sent")
        executor = self._present()
        if executor is None or not executor.ready or not executor.life.alive:
            raise ExecutorUnreachable
        return executor

    async def _hear(self, what: str, told: "asyncio.Future[T]") -> T:
        answer = await told
        self._life.reach(f"host {what} after")
        return answer
