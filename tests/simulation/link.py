"""The Link port of one life of an agent: the same bytes as over HTTP, through the simulated network.

What is on its way belongs to the network and arrives even if the agent has died or no longer waits. `link.HttpLink` has tests of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TypeVar

from pydantic import BaseModel

from attune_agent.errors import ControllerUnreachable
from attune_agent.link import refusal
from attune_core.wire.api import Failure
from attune_core.wire.inventory import Inventory, Merged
from attune_core.wire.session import Hello, Stored, Welcome
from tests.simulation.life import Life
from tests.simulation.loop import VirtualLoop
from tests.simulation.served import FRAMES, HELLO, INVENTORY, Answer, Served
from tests.simulation.wire import Broken, Direction, Pipe, Way, Wire

M = TypeVar("M", bound=BaseModel)
#: Seconds that an answer may take.
_PATIENCE = 30.0


class SimulatedLink:
    """See attune_agent.link_port; `serving` returns what serves now, None while the controller is down."""

    def __init__(self, loop: VirtualLoop, life: Life, name: str, wire: Wire, serving: Callable[[], Served | None]) -> None:
        self._loop, self._life, self._name, self._wire, self._serving = loop, life, name, wire, serving

    async def hello(self, hello: Hello) -> Welcome:
        return await self._request(HELLO, "", hello.model_dump_json().encode(), Welcome)

    async def post(self, session: str, frames: bytes) -> Stored:
        return await self._request(FRAMES, session, frames, Stored)

    async def inventory(self, session: str, page: Inventory) -> None:
        await self._request(INVENTORY, session, page.model_dump_json().encode(), Merged)

    def stream(self, session: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._stream(session)

    def pack(self, digest: str) -> AsyncIterator[bytes]:
        raise NotImplementedError(digest)

    async def close(self) -> None:
        """Nothing is open."""

    async def _request(self, path: str, session: str, body: bytes, kind: type[M]) -> M:
        self._life.reach(f"link {path} before")
        carried = self._loop.spawn(self._loop.world, self._carry(path, session, body))
        try:
            async with asyncio.timeout(_PATIENCE):
                status, answer = await asyncio.shield(carried)
        except (Broken, TimeoutError) as error:
            carried.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise ControllerUnreachable(f"{path}: {type(error).__name__}") from error
        self._life.reach(f"link {path} after")
        if status != 200:
            raise refusal(Failure.model_validate_json(answer))
        return kind.model_validate_json(answer)

    async def _carry(self, path: str, session: str, body: bytes) -> Answer:
        wire, weather, way = self._wire, self._wire.weather, self._wire.open()
        try:
            await wire.travel(way, Direction.UP)
            if wire.meets("request lost", weather.lost / 2):
                raise Broken
            if path == FRAMES and wire.meets("request truncated", weather.truncated):
                body = body[: wire.random.randrange(len(body))]
            if wire.meets("request late", weather.late):
                self._loop.spawn(self._loop.world, self._arrive_late(path, session, body))
                raise Broken
            answer = await self._served().answer(path, self._name, session, body)
            if path == FRAMES and wire.meets("request repeated", weather.repeated):
                await self._served().answer(path, self._name, session, body)
            if wire.meets("answer lost", weather.lost / 2):
                raise Broken
            await wire.travel(way, Direction.DOWN)
        finally:
            wire.close(way)
        return answer

    async def _arrive_late(self, path: str, session: str, body: bytes) -> None:
        await asyncio.sleep(self._wire.random.uniform(0.0, 20.0))
        with suppress(Broken):
            await self._served().answer(path, self._name, session, body)

    @asynccontextmanager
    async def _stream(self, session: str) -> AsyncIterator[AsyncIterator[bytes]]:
        self._life.reach("link stream before")
        wire, way = self._wire, self._wire.open()
        opened = _Opened(self._loop, self._name, session, wire=wire, way=way, serving=self._serving)
        self._life.program.mourners[opened] = opened.close
        try:
            yield opened.chunks(self._life)
        except Broken as error:
            raise ControllerUnreachable("the stream broke") from error
        finally:
            self._life.program.mourners.pop(opened, None)
            opened.close()

    def _served(self) -> Served:
        if (served := self._serving()) is None:
            raise Broken
        return served


class _Opened:
    """One stream, from the request for it on."""

    def __init__(self, loop: VirtualLoop, name: str, session: str, *, wire: Wire, way: Way, serving: Callable[[], Served | None]) -> None:
        self._name, self._session, self._wire, self._way, self._serving = name, session, wire, way, serving
        self._loop = loop
        self._pipe = Pipe(wire, way)
        self._gone: asyncio.Future[None] = loop.nothing()
        self._problem: Answer | None = None
        self._closed = False
        loop.spawn(loop.world, self._pipe.carry())
        loop.spawn(loop.world, self._serve())

    async def chunks(self, life: Life) -> AsyncIterator[bytes]:
        """Yield what arrives."""
        while True:
            chunk = await self._pipe.read()
            if self._problem is not None:
                raise refusal(Failure.model_validate_json(self._problem[1]))
            if chunk is None:
                return
            life.reach("link chunk")
            yield chunk

    def close(self) -> None:
        """The agent's end is closed; the controller hears of it when that gets through."""
        if not self._closed:
            self._closed = True
            self._loop.spawn(self._loop.world, self._part())

    async def _part(self) -> None:
        try:
            await self._wire.travel(self._way, Direction.UP)
        except Broken:
            return
        if not self._gone.done():
            self._gone.set_result(None)
        self._break()

    async def _serve(self) -> None:
        try:
            await self._wire.travel(self._way, Direction.UP)
            if (served := self._serving()) is None:
                raise Broken
            self._problem = await served.stream(self._name, self._session, self._pipe, self._gone)
            await self._pipe.send(None)
        except Broken:
            await self._reset()

    async def _reset(self) -> None:
        """The controller's end is gone: the agent hears of it when that gets through."""
        with suppress(Broken):
            await self._wire.travel(self._way, Direction.DOWN)
        self._break()

    def _break(self) -> None:
        self._wire.close(self._way)
        self._pipe.wake()
