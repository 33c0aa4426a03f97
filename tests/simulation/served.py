"""The controller's end of the network: requests as the agent listener's routes take them, answered in tasks of the controller's program.

Called by `link`. A request that a dying controller has taken is never answered; its connection is reset.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeAlias, TypeVar

from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from attune_controller.assembly import Assembly
from attune_controller.http.problems import failure_of
from attune_controller.packs import PackStore
from attune_core.errors import AttuneError
from attune_core.version import WIRE_PROTOCOL
from attune_core.wire.session import PROTOCOL_HEADER, SESSION_HEADER
from tests.simulation.life import Life
from tests.simulation.loop import VirtualLoop
from tests.simulation.wire import Broken, Pipe

T = TypeVar("T")
#: Status and body.
Answer: TypeAlias = tuple[int, bytes]

HELLO, INVENTORY, FRAMES = "/agent/v1/hello", "/agent/v1/inventory", "/agent/v1/frames"


class Served:
    """What one life of the controller serves."""

    def __init__(self, loop: VirtualLoop, life: Life, assembly: Assembly) -> None:
        self._loop, self._life = loop, life
        self._requests = assembly.requests(lambda scope: str(scope["agent"]), PackStore(Path("/none")))

    async def answer(self, path: str, agent: str, session: str, body: bytes) -> Answer:
        """Answer one request; `Broken` when the controller dies before it has."""
        return await self.in_program(self._answer(path, Request(_scope(path, agent, session), _whole(body))))

    async def stream(self, agent: str, session: str, pipe: Pipe, ended: "asyncio.Future[None]") -> Answer | None:
        """Serve one stream until it is over, None; or say why there is none. `ended`: the agent's end is closed."""
        return await self.in_program(self._stream(agent, session, pipe, ended))

    async def in_program(self, work: Coroutine[object, object, T]) -> T:
        """Do something in the controller's program; `Broken` when it dies before it is done."""
        if not self._life.alive:
            work.close()
            raise Broken
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def finish(task: asyncio.Task[T]) -> None:
            self._life.program.mourners.pop(done, None)
            if done.done():
                return
            if task.cancelled():
                done.set_exception(Broken())
            elif (error := task.exception()) is not None:
                done.set_exception(error)
            else:
                done.set_result(task.result())

        self._loop.spawn(self._life.program, work).add_done_callback(finish)
        self._life.program.mourners[done] = lambda: _break(done)
        return await done

    async def _answer(self, path: str, request: Request) -> Answer:
        self._life.reach(f"request {path} before")
        try:
            requests = {HELLO: self._requests.hello, INVENTORY: self._requests.inventory, FRAMES: self._requests.frames}
            response = await requests[path](request)
            found = response.status_code, bytes(response.body)
        except AttuneError as error:
            found = _problem(error)
        self._life.reach(f"request {path} after")
        return found

    async def _stream(self, agent: str, session: str, pipe: Pipe, ended: "asyncio.Future[None]") -> Answer | None:
        async def receive() -> Message:
            await asyncio.shield(ended)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if chunk := message.get("body", b""):
                self._life.reach("stream send before")
                await pipe.send(chunk)
                self._life.reach("stream send after")

        try:
            current = self._requests.sessions.to_stream(agent, session)
            await self._requests.stream.open(current, receive, send)
        except AttuneError as error:
            return _problem(error)
        return None


def _problem(error: AttuneError) -> Answer:
    failure = failure_of(error)
    return failure.status, failure.model_dump_json().encode()


def _scope(path: str, agent: str, session: str) -> Scope:
    headers = [(PROTOCOL_HEADER.lower().encode(), str(WIRE_PROTOCOL).encode()), (SESSION_HEADER.lower().encode(), session.encode())]
    return {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b"", "agent": agent}


def _whole(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _break(done: "asyncio.Future[T]") -> None:
    if not done.done():
        done.set_exception(Broken())
        done.exception()  # seen, whether or not anybody still waits
