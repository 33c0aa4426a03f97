"""Joining over real TLS with the controller's own authority: who is trusted, what is written, and what a refusal leaves as it was."""

import asyncio
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from attune_agent.errors import AlreadyJoined, AuthorityMismatch, ControllerUnreachable, JoinRefused, NotJoined, StateInUse
from attune_agent.join import join, read_controller
from attune_agent.layout import Layout
from attune_agent.link import agent_context
from attune_agent.state.sqlite import SqliteState
from attune_controller.identity.ca import Authority, open_authority
from attune_controller.identity.server_certificate import ServerCertificate
from attune_core.ports import SystemClock
from attune_core.wire.enrolment import Enrolled
from attune_core.wire.join_token import JoinTokenText, JoinTokenUnreadable
from tests.agent.controller_stub import Asked, ControllerStub

SECRET = "s" * 43


class House:
    """A controller's public door."""

    def __init__(self, authority: Authority, stub: ControllerStub) -> None:
        self.authority, self.stub = authority, stub
        self.agent_url = "https://127.0.0.1:7444"
        stub.answers["/ca"] = (200, authority.certificate.encode())
        stub.enrols = self.enrol

    def enrol(self, asked: Asked) -> tuple[int, bytes]:
        request = json.loads(asked.body)
        if request["token"] != SECRET:
            refusal = {"title": "no", "status": 403, "detail": "used \x1b[1m before", "code": "ATT505", "remedy": "make a new one"}
            return 403, json.dumps(refusal).encode()
        key = x509.load_pem_x509_csr(request["csr"].encode()).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        issued = self.authority.issue_agent(key, request["name"], SystemClock().now())
        enrolled = Enrolled(
            name=request["name"],
            certificate=issued.certificate,
            authority=self.authority.certificate,
            agent_url=self.agent_url,
            labels={"role": "web"},
        )
        return 201, enrolled.model_dump_json().encode()

    def token(self, *, name: str = "web1", authority: str = "", secret: str = SECRET) -> str:
        return JoinTokenText(url=self.stub.url, name=name, authority=authority or self.authority.fingerprint, secret=secret).text()


@contextmanager
def house_of(folder: Path) -> Iterator[House]:
    """Serve on a loop of its own thread, as joining blocks."""
    now = SystemClock().now()
    authority = open_authority(folder, now)
    server = ServerCertificate(authority, folder, [])
    server.refresh(now)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.path)
    stub = ControllerStub(None)  # type: ignore[arg-type]  # it has a real authority instead of trustme's
    stub.answering.set()
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(asyncio.start_server(stub.accept, "127.0.0.1", 0, ssl=context))
    stub.port = listening.sockets[0].getsockname()[1]
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield House(authority, stub)
    finally:
        asyncio.run_coroutine_threadsafe(stub.stop(), loop).result()
        loop.call_soon_threadsafe(listening.close)
        asyncio.run_coroutine_threadsafe(listening.wait_closed(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_of(tmp_path / "ca") as it:
        yield it


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(state=tmp_path / "state")


def test_a_host_joins_with_a_key_of_its_own(house: House, layout: Layout) -> None:
    joined = join(layout, house.token())
    assert (joined.name, joined.agent_url, joined.labels) == ("web1", "https://127.0.0.1:7444", {"role": "web"})
    assert read_controller(layout).name == "web1"
    agent_context(authority=layout.authority, certificate=layout.certificate, key=layout.key)
    certificate = x509.load_pem_x509_certificate(layout.certificate.read_bytes())
    key = load_pem_private_key(layout.key.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert certificate.public_key() == key.public_key()
    request = json.loads(house.stub.asked[-1].body)
    assert "PRIVATE" not in house.stub.asked[-1].body.decode()
    assert request["token"] == SECRET


def test_what_is_written_is_for_the_agent_alone(house: House, layout: Layout) -> None:
    join(layout, house.token())
    assert layout.agent.stat().st_mode & 0o777 == 0o700
    for path in (layout.key, layout.certificate, layout.authority, layout.controller):
        assert path.stat().st_mode & 0o777 == 0o600
    assert SECRET not in "".join(path.read_text() for path in layout.agent.iterdir() if path.is_file())


def test_another_authority_than_the_token_s_is_not_joined_and_gets_no_token(house: House, layout: Layout) -> None:
    with pytest.raises(AuthorityMismatch):
        join(layout, house.token(authority="0" * 64))
    assert [asked.path for asked in house.stub.asked] == ["/ca"]
    assert not layout.controller.exists()
    assert not layout.key.exists()


def test_something_that_is_no_authority_is_not_joined(house: House, layout: Layout) -> None:
    house.stub.answers["/ca"] = (200, b"<html>welcome to the captive portal</html>")
    with pytest.raises(AuthorityMismatch):
        join(layout, house.token())


def test_an_enrolment_that_names_another_authority_is_not_taken(house: House, layout: Layout, tmp_path: Path) -> None:
    other = open_authority(tmp_path / "other", SystemClock().now())
    enrol = house.enrol

    def swapped(asked: Asked) -> tuple[int, bytes]:
        status, body = enrol(asked)
        return status, json.dumps({**json.loads(body), "authority": other.certificate}).encode()

    house.stub.enrols = swapped
    with pytest.raises(AuthorityMismatch):
        join(layout, house.token())
    assert not layout.controller.exists()


def test_a_spent_token_is_refused_with_the_controller_s_words_made_safe(house: House, layout: Layout) -> None:
    with pytest.raises(JoinRefused, match=r"used .* before") as raised:
        join(layout, house.token(secret="x" * 43))
    assert raised.value.hint == "make a new one"
    assert "\x1b" not in str(raised.value)
    assert not layout.controller.exists()


@pytest.mark.parametrize("text", ["", "attune-join.", "hello", "attune-join.!!!!", "attune-join." + "A" * 5000])
def test_what_is_no_token_is_said_to_be_none(layout: Layout, text: str) -> None:
    with pytest.raises(JoinTokenUnreadable):
        join(layout, text)


def test_nobody_there_is_said(layout: Layout) -> None:
    token = JoinTokenText(url="https://127.0.0.1:1", name="web1", authority="0" * 64, secret=SECRET).text()
    with pytest.raises(ControllerUnreachable):
        join(layout, token)


def test_an_identity_is_not_overwritten(house: House, layout: Layout) -> None:
    join(layout, house.token())
    key = layout.key.read_bytes()
    with pytest.raises(AlreadyJoined):
        join(layout, house.token())
    assert layout.key.read_bytes() == key


def test_joining_again_by_force_as_the_same_agent_keeps_its_life_and_changes_its_key(house: House, layout: Layout) -> None:
    join(layout, house.token())
    key = layout.key.read_bytes()
    asyncio.run(SqliteState(layout.database, instance="one").close())
    join(layout, house.token(), force=True)
    assert layout.key.read_bytes() != key
    state = SqliteState(layout.database, instance="two")
    assert state.load().instance == "one"
    asyncio.run(state.close())


def test_joining_by_force_as_another_agent_is_a_new_life(house: House, layout: Layout) -> None:
    join(layout, house.token())
    asyncio.run(SqliteState(layout.database, instance="one").close())
    join(layout, house.token(name="web2"), force=True)
    assert read_controller(layout).name == "web2"
    assert not layout.database.exists()


def test_another_life_is_not_begun_under_a_running_agent(house: House, layout: Layout) -> None:
    join(layout, house.token())
    state = SqliteState(layout.database, instance="one")
    with pytest.raises(StateInUse):
        join(layout, house.token(name="web2"), force=True)
    assert read_controller(layout).name == "web1"
    asyncio.run(state.close())


def test_a_refusal_leaves_an_identity_that_is_there_whole(house: House, layout: Layout) -> None:
    join(layout, house.token())
    key, certificate = layout.key.read_bytes(), layout.certificate.read_bytes()
    with pytest.raises(JoinRefused):
        join(layout, house.token(secret="x" * 43), force=True)
    assert (layout.key.read_bytes(), layout.certificate.read_bytes()) == (key, certificate)
    assert read_controller(layout).name == "web1"


def test_a_directory_that_has_not_joined_says_so(layout: Layout) -> None:
    with pytest.raises(NotJoined):
        read_controller(layout)


def test_a_half_written_identity_is_no_identity(house: House, layout: Layout) -> None:
    join(layout, house.token())
    layout.controller.write_text('{"name": "web1"')
    with pytest.raises(NotJoined):
        read_controller(layout)
