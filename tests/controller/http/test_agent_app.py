"""The agent listener as a whole: mutual TLS, the name from the certificate only, and problems as problem documents."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from attune_controller.errors import SessionOver
from attune_controller.http.app import build_agent_app
from attune_controller.http.listener import Listener
from attune_controller.http.tls import agents_tls
from attune_controller.identity.agents import AgentCertificates
from attune_controller.identity.ca import Authority, open_authority
from attune_controller.identity.server_certificate import ServerCertificate
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.records.agents import Agent
from attune_controller.store.records.credentials import JoinToken
from attune_core.ports import SystemClock
from tests.controller.http.serving import Answer, listening, post, wire
from tests.controller.identity.certificates import agent_context

CLOCK = SystemClock()


async def _who(request: Request) -> Response:
    return PlainTextResponse(f"{request.state.agent} {len(await request.body())}")


async def _over(request: Request) -> Response:
    raise SessionOver("ended")


async def _half(request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"half"
        raise ValueError("a mistake")

    return StreamingResponse(body())


ROUTES = [
    Route("/agent/v1/who", _who, methods=["POST"]),
    Route("/agent/v1/over", _over, methods=["POST"]),
    Route("/agent/v1/half", _half, methods=["POST"]),
]


@dataclass
class Place:
    listener: Listener
    store: MemoryStore
    certificates: AgentCertificates
    authority: Authority
    folder: Path

    async def enrolled(self, name: str) -> "Client":
        """Return a client whose certificate is the one that the store knows."""
        context, shown = agent_context(self.authority, name, self.folder)
        agent = Agent(name=name, labels={}, fingerprint=shown, certificate_expires_at=0, enrolled_at=0)
        await self.store.add_join_token(JoinToken(token_hash=shown, name=name, labels={}, expires_at=CLOCK.now() + 60))
        await self.store.enrol(agent, shown, CLOCK.now())
        self.certificates.forget([agent])
        return Client(self.listener, context)


class Client:
    def __init__(self, listener: Listener, context: ssl.SSLContext) -> None:
        self._listener, self._context = listener, context

    async def post(self, path: str, *headers: str) -> Answer:
        async with wire(self._listener, tls=self._context) as connection:
            await connection.send(post(b"abc", *headers, path=path))
            return await connection.answer()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    authority = open_authority(tmp_path / "ca", CLOCK.now())
    server, store = ServerCertificate(authority, tmp_path / "ca", []), MemoryStore()
    server.refresh(CLOCK.now())
    certificates = AgentCertificates(store, CLOCK)
    app = build_agent_app(ROUTES, certificates)
    async with listening(app, tls=agents_tls(server.path, authority.certificate).context) as listener:
        yield Place(listener, store, certificates, authority, tmp_path)


async def test_an_agents_name_is_the_one_in_its_certificate(place: Place) -> None:
    web, db = await place.enrolled("web-1"), await place.enrolled("db-1")
    assert (await web.post("/agent/v1/who")).body == b"web-1 3"
    assert (await db.post("/agent/v1/who")).body == b"db-1 3"


async def test_the_certificate_of_one_agent_cannot_speak_as_another(place: Place) -> None:
    web, _ = await place.enrolled("web-1"), await place.enrolled("db-1")
    for claim in ("X-Attune-Agent: db-1", "X-SSL-Client-Cert: db-1", "X-Forwarded-Client-Cert: URI=urn:attune:agent:db-1", "Agent: db-1"):
        assert (await web.post("/agent/v1/who?agent=db-1", claim)).body == b"web-1 3"


async def test_a_valid_certificate_of_nobody_enrolled_is_refused(place: Place, tmp_path: Path) -> None:
    context, _ = agent_context(place.authority, "ghost", tmp_path)
    answer = await Client(place.listener, context).post("/agent/v1/who")
    assert (answer.status, answer.failure().code) == (403, "ATT650")


async def test_joining_again_shuts_out_the_old_certificate(place: Place) -> None:
    old = await place.enrolled("web-1")
    assert (await old.post("/agent/v1/who")).status == 200
    new = await place.enrolled("web-1")
    assert (await old.post("/agent/v1/who")).status == 403
    assert (await new.post("/agent/v1/who")).status == 200


async def test_without_a_certificate_in_the_scope_there_is_nothing(place: Place) -> None:
    """Should the listener ever be set up without mutual TLS, the guard still lets nobody in."""
    app = build_agent_app(ROUTES, place.certificates)
    async with listening(app) as plain, wire(plain) as connection:
        for path in ("/agent/v1/who", "/nowhere"):
            await connection.send(post(b"abc", path=path))
            answer = await connection.answer()
            assert (answer.status, answer.failure().code) == (403, "ATT510")


async def test_what_an_endpoint_raises_is_a_problem_document(place: Place) -> None:
    web = await place.enrolled("web-1")
    over = await web.post("/agent/v1/over")
    assert (over.status, over.failure().code) == (409, "ATT532")
    assert (await web.post("/nowhere")).failure().code == "ATT408"


async def test_an_answer_that_fails_in_the_middle_ends_without_its_end(place: Place) -> None:
    web = await place.enrolled("web-1")
    answer = await web.post("/agent/v1/half")
    assert answer.status == 200
    assert b"half" in answer.body
    assert not answer.body.endswith(b"0\r\n\r\n")


async def test_a_compressed_body_is_refused_here_too(place: Place) -> None:
    web = await place.enrolled("web-1")
    assert (await web.post("/agent/v1/who", "Content-Encoding: gzip")).status == 415
