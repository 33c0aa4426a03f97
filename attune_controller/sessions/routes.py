"""The five requests of the agent listener; identity comes from the connection's certificate, never from a body.

Mounted by the composition root through http's `build_agent_app`, whose guard has checked the certificate and turns errors into problems.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from attune_controller.errors import FrameRefused, InventoryMissing, PackUnknown, ProtocolUnknown
from attune_controller.merging import Merging
from attune_controller.packs import PackStore
from attune_controller.sessions.greeting import Greeting
from attune_controller.sessions.incoming import POST_LIMIT, Incoming
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.sessions.session import Session
from attune_controller.sessions.stream import Stream
from attune_core.safe_text import safe_text
from attune_core.values import JsonLimits, JsonValue, parse_json
from attune_core.version import WIRE_PROTOCOL
from attune_core.wire.inventory import PAGE_BYTES, Inventory, Merged
from attune_core.wire.session import FRAME_LIMIT, PROTOCOL_HEADER, SESSION_HEADER, Hello

Document = TypeVar("Document", bound=BaseModel)
#: Bytes of a page of an inventory: the agent begins a new one at PAGE_BYTES, after an execution of at most a frame.
INVENTORY_LIMIT = PAGE_BYTES + 2 * FRAME_LIMIT
_INVENTORY = JsonLimits(size=INVENTORY_LIMIT, depth=72, keys=500_000, string=FRAME_LIMIT)
#: Bytes of a hello: it names every queue the agent ever had, six keys each.
HELLO_LIMIT = 8 << 20
_HELLO = JsonLimits(size=HELLO_LIMIT, keys=500_000)


@dataclass(frozen=True, kw_only=True)
class AgentRequests:
    """What answers them. `agent_of` returns the agent's name that the guard put into the scope."""

    agent_of: Callable[[Scope], str]
    greeting: Greeting
    stream: Stream
    incoming: Incoming
    merging: Merging
    sessions: OpenSessions
    packs: PackStore

    def routes(self) -> list[Route]:
        """Return them for the agent application."""
        return [
            Route("/agent/v1/hello", self.hello, methods=["POST"]),
            Route("/agent/v1/stream", _Opened(self), methods=["GET"]),
            Route("/agent/v1/inventory", self.inventory, methods=["POST"]),
            Route("/agent/v1/frames", _Taken(self), methods=["POST"]),
            Route("/agent/v1/packs/{digest}", self.pack, methods=["GET"]),
        ]

    async def hello(self, request: Request) -> Response:
        """Begin a session."""
        require_protocol(request)
        value = parse_json(await _body(request, HELLO_LIMIT), _HELLO)
        hello = _read(Hello, value, "hello")
        welcome = await self.greeting.greet(self.agent_of(request.scope), hello)
        return Response(welcome.model_dump_json(), media_type="application/json")

    async def inventory(self, request: Request) -> Response:
        """Take what the agent holds, when it was asked; the answer comes after it is stored."""
        require_protocol(request)
        session = self.sessions.current(self.agent_of(request.scope), request.headers.get(SESSION_HEADER, ""))
        page = _read(Inventory, parse_json(await _body(request, INVENTORY_LIMIT), _INVENTORY), "inventory")
        async with session.taking:
            await self.merging.take(session, page)
        return Response(Merged().model_dump_json(), media_type="application/json")

    async def frames(self, request: Request) -> Response:
        """Take frames; the answer comes after they are stored."""
        require_protocol(request)
        session = self.sessions.current(self.agent_of(request.scope), request.headers.get(SESSION_HEADER, ""))
        require_merged(session)
        stored = await self.incoming.take(session, await _body(request, POST_LIMIT))
        return Response(stored.model_dump_json(exclude_defaults=True), media_type="application/json")

    async def pack(self, request: Request) -> Response:
        """Send a pack's archive; the agent compares the digest."""
        require_protocol(request)
        digest = request.path_params["digest"]
        place = self.packs.find(digest)
        if place is None:
            raise PackUnknown(f"there is no pack {safe_text(digest, limit=64)} here")
        return FileResponse(place, media_type="application/x-tar", headers={"cache-control": "no-store"})


class _Taken:
    """POST /agent/v1/frames as an ASGI application, because Starlette's way to an endpoint costs as much as taking a frame."""

    def __init__(self, requests: AgentRequests) -> None:
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._requests.frames(Request(scope, receive))
        await response(scope, receive, send)


class _Opened:
    """GET /agent/v1/stream as an ASGI application, which is what Starlette takes an object with `__call__` for."""

    def __init__(self, requests: AgentRequests) -> None:
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        require_protocol(request)
        session = self._requests.sessions.to_stream(self._requests.agent_of(scope), request.headers.get(SESSION_HEADER, ""))
        require_merged(session)
        await self._requests.stream.open(session, receive, send)


def require_protocol(request: Request) -> None:
    """Refuse a peer that does not say that it speaks this wire; `ProtocolUnknown` names both numbers."""
    said = request.headers.get(PROTOCOL_HEADER, "")
    if said != str(WIRE_PROTOCOL):
        raise ProtocolUnknown(f"this controller speaks protocol {WIRE_PROTOCOL}, the request says {safe_text(said, limit=20) or 'none'}")


def require_merged(session: Session) -> None:
    """Refuse to go on with an agent that was asked for its inventory and has not given it; what it would report may not be known here."""
    if session.unmerged:
        raise InventoryMissing(f"{session.name} has not said what it holds; its version is {safe_text(session.hello.version, limit=40)}")


def _read(kind: type[Document], value: JsonValue, what: str) -> Document:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise FrameRefused(f"{what}: {'.'.join(str(part) for part in first['loc'])}: {safe_text(first['msg'], limit=300)}") from error


async def _body(request: Request, limit: int) -> bytes:
    """Read a body whose bytes are counted as they come."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit:
            raise FrameRefused(f"a body of more than {limit} bytes")
    return bytes(content)
