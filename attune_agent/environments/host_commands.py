"""Commands carried out by the executor: builds under the build user, one after the other, nothing left behind by an earlier agent.

The composition root makes one and gives it to `environments` and `probes`; calls go on to the Host port.
"""

import asyncio
import contextlib
import secrets
from pathlib import Path

import structlog

from attune_agent.environments.build_log import build_name, next_build_attempt
from attune_agent.environments.commands import Command, CommandOutcome
from attune_agent.environments.file_locks import locked
from attune_agent.executor_errors import AttemptUnknown, ExecutorIncompatible, ExecutorUnreachable, StartRefused
from attune_agent.host import AttemptState, Ended, Host, How, Kind, LogBounds, ResultSource, ResultState, StartRequest
from attune_agent.preparation_errors import BuildDelayed, CredentialsOnDisk
from attune_core.ports import Clock

_log = structlog.get_logger(__name__)

#: What a build log keeps.
_LOG = LogBounds(head=1 << 20, segment=1 << 20, segments=4)
#: Pauses between tries while the executor is busy or away, seconds; after the last one the execution waits at its place.
_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
#: How long the end of a killed build is waited for, seconds.
_STOP_LIMIT = 15.0
#: Ends of which the command is innocent.
_PASSING = frozenset({How.NOT_STARTED, How.LOST, How.CANCELLED})


class HostCommands:
    """Runs commands one at a time: the executor has one build user, and after each command it kills everything of that user."""

    def __init__(self, host: Host, *, logs: Path, lock: Path, clock: Clock) -> None:
        """Take the executor; `lock` is a file that all agents of this executor have in common."""
        self._host = host
        self._logs = logs
        self._clock = clock
        self._lock = lock
        self._turn = asyncio.Lock()
        self._life = secrets.token_hex(4)
        self._checks = 0

    async def run(self, command: Command) -> CommandOutcome:
        """Run it to its end; cancelling ends its whole tree. `BuildDelayed`: the executor could not do it now."""
        async with self._turn, locked(self._lock):
            await self._end_what_is_left()
            if command.home:
                await self._require_memory()
            ended = await self._run(self._request(command))
        if ended.how in _PASSING:
            raise BuildDelayed(f"the command {command.argv[0]} did not come to its end: {ended.how.value} {ended.detail[:200]}".rstrip())
        answer = ended.result.body if ended.result.state is ResultState.OK else b""
        return CommandOutcome(how=ended.how, exit_code=ended.exit_code, signal=ended.signal, detail=ended.detail, answer=answer)

    async def used(self) -> frozenset[str]:
        """Return the keys of the environments in which attempts run. Asked twice: a start that a dead agent sent is recorded by then."""
        try:
            await self._host.listed()
            listed = await self._host.listed()
        except (ExecutorUnreachable, ExecutorIncompatible) as error:
            raise BuildDelayed(error.message) from error
        return frozenset(one.uses for one in listed if one.uses and one.state is not AttemptState.ENDED)

    async def _run(self, request: StartRequest) -> Ended:
        await self._start(request)
        try:
            ended = await self._host.wait(request.execution, request.attempt)
        except AttemptUnknown as error:
            raise BuildDelayed("the executor no longer knows the build") from error
        except asyncio.CancelledError:
            # Whoever cancelled waits for this: the next build may begin only when nothing of this one is left.
            try:
                await self._stop(request.execution, request.attempt)
            except (BuildDelayed, ExecutorUnreachable):
                _log.warning("a cancelled build is not known to have ended; the next one ends it first", execution=request.execution)
            raise
        with contextlib.suppress(ExecutorUnreachable):  # the next command lets it be forgotten
            await self._host.forget(request.execution, request.attempt)
        return ended

    async def _start(self, request: StartRequest) -> None:
        """Ask until it is started; the same request twice starts once."""
        for pause in (*_PAUSES, None):
            try:
                await self._host.start(request)
            except (StartRefused, ExecutorUnreachable) as error:
                if pause is None:
                    raise BuildDelayed(error.message) from error
                await self._clock.sleep(pause)
            else:
                return

    async def _end_what_is_left(self) -> None:
        """End and forget the builds of an agent that died, which would go on writing into a tree that is built anew.

        No living agent has one under way while we hold the lock.
        """
        try:
            for one in await self._host.listed():
                if one.kind is Kind.BUILD:
                    await self._stop(one.execution, one.attempt)
        except ExecutorUnreachable as error:
            raise BuildDelayed(error.message) from error

    async def _require_memory(self) -> None:
        """Refuse to let credentials touch a disk (design §3)."""
        try:
            greeting = await self._host.greeting()
        except ExecutorUnreachable as error:
            raise BuildDelayed(error.message) from error
        if not greeting.inputs_in_memory:
            raise CredentialsOnDisk("the executor's run directory is on a disk, and installers' credentials would be written there")

    async def _stop(self, execution: str, attempt: int) -> None:
        try:
            async with asyncio.timeout(_STOP_LIMIT):
                await self._host.stop(execution, attempt, grace=0.0)
                await self._host.wait(execution, attempt)
                await self._host.forget(execution, attempt)
        except AttemptUnknown:
            return  # it is over and was forgotten
        except TimeoutError as error:
            raise BuildDelayed("an earlier build could not be ended yet") from error

    def _request(self, command: Command) -> StartRequest:
        if command.execution is None:
            self._checks += 1
            execution, attempt = f"check-{self._life}", self._checks
        else:
            execution, attempt = build_name(command.execution), next_build_attempt(self._logs, command.execution)
        return StartRequest(
            execution=execution,
            attempt=attempt,
            kind=Kind.BUILD,
            argv=command.argv,
            env=command.env,
            cwd=command.cwd,
            timeout=command.timeout,
            grace=2.0,
            input=command.input,
            logs=_LOG,
            result_from=ResultSource.STDOUT if command.answer_limit else ResultSource.NONE,
            result_limit=command.answer_limit,
            home=command.home,
            masks=command.masks,
            environment=command.environment,
            fresh=command.fresh,
        )
