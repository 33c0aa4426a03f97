"""The agent's way to its executor: the Host port over the executor's socket, across lost connections and restarts.

The agent's composition root enters it (`async with ExecutorLink(run) as host`); attempts and environment builds use it as `Host`. A
`wait` survives a restart of the executor: it asks again, and the journal on the other side has the answer.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from attune_agent.executor import fields as read
from attune_agent.executor.fields import Fields, FieldWrong
from attune_agent.executor.protocol import PROTOCOL, SOCKET_NAME
from attune_agent.executor_connection import ExecutorConnection, open_connection
from attune_agent.executor_errors import ExecutorIncompatible, ExecutorUnreachable
from attune_agent.executor_messages import encode_start, read_ended, read_greeting, read_listed
from attune_agent.host import AttemptState, Ended, Greeting, Kind, Listed, StartReply, StartRequest, Word
from attune_core.errors import AttuneError

_Key = tuple[str, int]
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


class ExecutorLink:
    """A Host that lives in another process of this machine."""

    def __init__(
        self,
        run: Path,
        *,
        connect_limit: float = 10.0,
        on_condition: Callable[[str, int, str], None] | None = None,
    ) -> None:
        """Speak to the executor whose `--run` directory this is.

        A request waits `connect_limit` seconds for a connection. `on_condition` is called with (execution, attempt, condition) when an
        attempt cannot be killed.
        """
        self._run = run
        self._limit = connect_limit
        self._on_condition = on_condition
        self._connection: ExecutorConnection | None = None
        self._greeting: Greeting | None = None
        self._trouble: AttuneError | None = None
        self._connected = asyncio.Event()
        self._told: dict[_Key, set[asyncio.Future[Ended]]] = {}
        #: Ends to come of attempts that were accepted and not yet waited for.
        self._ends: dict[_Key, asyncio.Future[Ended]] = {}
        self._starting: dict[_Key, asyncio.Future[None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to connect; nothing fails here when the executor is not there yet."""
        self._task = asyncio.create_task(self._stay_connected())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Disconnect; attempts go on without us."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._connection is not None

    async def greeting(self) -> Greeting:
        """See `Host.greeting`."""
        await self._reached(self._limit)
        if self._greeting is None:
            raise ExecutorUnreachable
        return self._greeting

    async def start(self, request: StartRequest, word: Word | None = None) -> StartReply:
        """See `Host.start`."""
        if word is not None and not (await self.greeting()).awaits_word:  # it is of a release that knows none
            await word()
            word = None
        key = (request.execution, request.attempt)
        done = self._starting[key] = asyncio.get_running_loop().create_future()
        # Listened for from before the answer on, so that `wait` need not ask for what this connection is going to say by itself.
        end = self._listen(key)
        try:
            message = encode_start(request)
            reply = await self._ask("start", message if word is None else {**message, "await_word": True}, word)
            state = read.one_of(reply, "state", list(AttemptState))
            if state is not AttemptState.ENDED:
                before, self._ends[key] = self._ends.get(key), end
                if before is not None:
                    self._no_longer(key, before)
        finally:
            self._starting.pop(key, None)
            done.set_result(None)
            if self._ends.get(key) is not end:
                self._no_longer(key, end)
        return StartReply(state=state, log_directory=read.text(reply, "log_directory"))

    async def stop(self, execution: str, attempt: int, *, grace: float) -> None:
        """See `Host.stop`; a start that is on its way is answered first."""
        starting = self._starting.get((execution, attempt))
        if starting is not None:
            await asyncio.wait({starting})
        await self._ask("stop", {"execution": execution, "attempt": attempt, "grace": grace, "why": "cancel"})

    async def wait(self, execution: str, attempt: int) -> Ended:
        """See `Host.wait`."""
        key = (execution, attempt)
        told = self._ends.pop(key, None)
        while True:
            try:
                if told is None:
                    told = self._listen(key)
                    connection = await self._reached(None)
                    reply = await connection.ask("outcome", {"execution": execution, "attempt": attempt})
                    if reply.get("state") == "ended":
                        return read_ended(read.nested(reply, "outcome"))
                return await told
            except ExecutorUnreachable:
                # Not the end of waiting: the next connection is asked what became of the attempt meanwhile.
                await asyncio.sleep(0)
            finally:
                if told is not None:
                    self._no_longer(key, told)
                    told = None

    async def listed(self) -> tuple[Listed, ...]:
        """See `Host.listed`."""
        return read_listed(await self._ask("list", {}))

    async def forget(self, execution: str, attempt: int) -> None:
        """See `Host.forget`; a message of its own would cost the executor a turn and a write, which the next start needs anyway."""
        end = self._ends.pop((execution, attempt), None)
        if end is not None:  # it was never waited for
            self._no_longer((execution, attempt), end)
        (await self._reached(self._limit)).tell("forget", {"execution": execution, "attempt": attempt})

    async def listed_sensors(self) -> tuple[Listed, ...]:
        """See `SensorHost.listed_sensors`."""
        return tuple(one for one in read_listed(await self._ask("list", {"sensors": True})) if one.kind is Kind.SENSOR)

    async def trim(self, run: str, before: int) -> None:
        """See `SensorHost.trim`."""
        await self._ask("trim", {"execution": run, "attempt": 1, "before": before})

    async def unspool(self, run: str) -> None:
        """See `SensorHost.unspool`."""
        await self._ask("unspool", {"execution": run, "attempt": 1})

    async def renew(self, run: str, lease: float) -> None:
        """See `SensorHost.renew`."""
        await self._ask("renew", {"execution": run, "attempt": 1, "lease": lease})

    async def _ask(self, kind: str, message: Mapping[str, object], word: Word | None = None) -> Fields:
        connection = await self._reached(self._limit)
        return await connection.ask(kind, message, word)

    async def _reached(self, limit: float | None) -> ExecutorConnection:
        """Return the connection once there is one; after `limit` seconds, what stands in the way."""
        if (there := self._connection) is not None:  # a timer costs more than the question
            return there
        try:
            async with asyncio.timeout(limit):
                while self._connection is None:
                    await self._connected.wait()
        except TimeoutError as error:
            trouble = self._trouble or ExecutorUnreachable(f"{self._run / SOCKET_NAME} does not answer for {limit} s")
            raise trouble from error
        return self._connection

    def _listen(self, key: _Key) -> "asyncio.Future[Ended]":
        """Return a future that this attempt's end, or the end of the connection, completes."""
        future: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._told.setdefault(key, set()).add(future)
        return future

    def _no_longer(self, key: _Key, future: "asyncio.Future[Ended]") -> None:
        self._told[key].discard(future)
        if not self._told[key]:
            del self._told[key]
        if not future.cancel() and not future.cancelled():
            future.exception()  # looked at, so that nobody calls it forgotten

    async def _stay_connected(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._live_one_connection()
                pause = _FIRST_PAUSE
            except (OSError, FieldWrong, ValueError, ExecutorUnreachable):
                self._trouble = None  # nobody there, or not in his right mind: `_reached` says so to whoever asks
            except ExecutorIncompatible as error:
                self._trouble = error
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)

    async def _live_one_connection(self) -> None:
        """Connect, greet and listen until the connection ends."""
        connection = await open_connection(self._run, self._hear)
        try:
            self._begin(connection, read_greeting(await connection.ask("hello", {"protocol": PROTOCOL})))
            await connection.over()
        finally:
            self._connection = None
            self._connected.clear()
            await connection.close()
            for future in [future for waiting in self._told.values() for future in waiting]:
                if not future.done():
                    future.set_exception(ExecutorUnreachable())

    def _begin(self, connection: ExecutorConnection, greeting: Greeting) -> None:
        self._connection, self._greeting, self._trouble = connection, greeting, None
        self._connected.set()

    def _hear(self, message: Fields) -> None:
        match message.get("type"):
            case "ended":
                ended = read_ended(read.nested(message, "outcome"))
                for future in self._told.get((ended.execution, ended.attempt), ()):
                    if not future.done():
                        future.set_result(ended)
            case "condition" if self._on_condition is not None:
                attempt = read.whole(message, "attempt", 1, 1 << 31)
                self._on_condition(read.text(message, "execution"), attempt, read.text(message, "condition"))
            case _:
                pass  # what another version may say
