"""The connection to the controller over real TLS: whom it trusts, what it says when it does not, and what it carries."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from attune_agent.errors import (
    ControllerUnreachable,
    ControllerUntrusted,
    FrameRefused,
    PackNotServed,
    SessionEnded,
    SessionRefused,
)
from attune_agent.link import HttpLink, agent_context
from attune_core.wire.session import Hello
from tests.agent.controller_stub import ControllerStub, controller_stub, identity, server_context

HELLO = Hello(instance="i", boot_id="b", version="0", slots=1)


def link_to(
    stub: ControllerStub, folder: Path, *, trusts: trustme.CA | None = None, issued_by: trustme.CA | None = None, proxy: str = ""
) -> HttpLink:
    files = identity(folder, trusts=trusts or stub.authority, issued_by=issued_by)
    context = agent_context(authority=files.authority, certificate=files.certificate, key=files.key)
    return HttpLink(stub.url, context=context, proxy=proxy)


@pytest.fixture
async def stub() -> AsyncIterator[ControllerStub]:
    async with controller_stub() as it:
        yield it


@pytest.fixture
async def link(stub: ControllerStub, tmp_path: Path) -> AsyncIterator[HttpLink]:
    it = link_to(stub, tmp_path)
    yield it
    await it.close()


async def test_a_hello_says_the_protocol_and_gets_a_session(stub: ControllerStub, link: HttpLink) -> None:
    welcome = await link.hello(HELLO)
    assert (welcome.name, welcome.session) == ("web1", "session-1")
    assert stub.asked[0].headers["attune-protocol"] == "1"


def status(number: int) -> bytes:
    return f'{{"type":"status","n":{number},"body":{{"slots":1,"busy":0}}}}\n'.encode()


async def test_posts_share_one_connection_and_name_the_session(stub: ControllerStub, link: HttpLink) -> None:
    welcome = await link.hello(HELLO)
    for number in range(1, 6):
        assert (await link.post(welcome.session, status(number))).n == number
    assert stub.connections == 1
    assert {asked.headers["attune-session"] for asked in stub.asked[1:]} == {"session-1"}


async def test_a_connection_that_was_cut_while_it_rested_is_not_used_again(stub: ControllerStub, link: HttpLink) -> None:
    welcome = await link.hello(HELLO)
    for number in (1, 2):
        await stub.stop()
        assert (await link.post(welcome.session, status(number))).n == number


async def test_an_answer_beyond_all_bounds_is_not_read_to_its_end(stub: ControllerStub, link: HttpLink) -> None:
    stub.answers["/agent/v1/frames"] = (200, b" " * (5 << 20))
    with pytest.raises(FrameRefused, match="more than 4194304 bytes"):
        await link.post("session-1", status(1))


async def test_a_stream_gives_what_was_sent_as_it_comes(stub: ControllerStub, link: HttpLink) -> None:
    async with link.stream("session-1") as chunks:
        for text in (b"one\n", b"two\n"):
            stub.send_raw(text)
            assert await anext(chunks) == text
        stub.end_stream()
        with pytest.raises(StopAsyncIteration):
            await anext(chunks)


async def test_a_stream_that_breaks_is_a_broken_connection(stub: ControllerStub, link: HttpLink) -> None:
    with pytest.raises(ControllerUnreachable):  # noqa: PT012 - the break must happen inside
        async with link.stream("session-1") as chunks:
            stub.send_raw(b"one\n")
            await anext(chunks)
            stub.cut()
            await anext(chunks)


async def test_another_authority_is_not_trusted_and_the_clock_is_named(stub: ControllerStub, tmp_path: Path) -> None:
    link = link_to(stub, tmp_path, trusts=trustme.CA())
    with pytest.raises(ControllerUntrusted, match="the clock here says"):
        await link.hello(HELLO)
    assert stub.asked == []
    await link.close()


async def test_an_agent_certificate_of_another_authority_gets_nothing_and_is_named_as_a_likely_reason(
    stub: ControllerStub, tmp_path: Path
) -> None:
    link = link_to(stub, tmp_path, issued_by=trustme.CA())
    with pytest.raises((ControllerUntrusted, ControllerUnreachable)) as raised:
        await link.hello(HELLO)
    assert "certificate" in str(raised.value) + raised.value.hint
    assert stub.asked == []
    await link.close()


async def test_an_expired_server_certificate_is_not_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = server_context(
        authority, authority, not_after=datetime.now(UTC) - timedelta(days=1), not_before=datetime.now(UTC) - timedelta(days=2)
    )
    async with controller_stub(authority=authority, server=context) as stub:
        link = link_to(stub, tmp_path)
        with pytest.raises(ControllerUntrusted, match="expired"):
            await link.hello(HELLO)
        await link.close()


async def test_the_name_in_the_certificate_must_be_the_controller_s(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example.org").configure_cert(context)
    async with controller_stub(authority=authority, server=context) as stub:
        link = link_to(stub, tmp_path)
        with pytest.raises(ControllerUntrusted):
            await link.hello(HELLO)
        await link.close()


async def test_tls_1_2_is_not_spoken_with_the_agent_listener(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = server_context(authority, authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with controller_stub(authority=authority, server=context) as stub:
        link = link_to(stub, tmp_path)
        with pytest.raises((ControllerUntrusted, ControllerUnreachable)):
            await link.hello(HELLO)
        assert stub.asked == []
        await link.close()


async def test_nobody_there_is_unreachable_and_passes(tmp_path: Path) -> None:
    async with controller_stub() as stub:
        link = link_to(stub, tmp_path)
    with pytest.raises(ControllerUnreachable):
        await link.hello(HELLO)
    await link.close()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (409, "ATT532", SessionEnded),
        (409, "ATT534", SessionRefused),
        (403, "ATT511", SessionRefused),
        (426, "ATT531", SessionRefused),
        (400, "ATT533", FrameRefused),
        (503, "ATT604", SessionEnded),
    ],
)
async def test_a_refusal_is_told_with_the_controller_s_words(
    stub: ControllerStub, link: HttpLink, status: int, code: str, kind: type[Exception]
) -> None:
    stub.answers["/agent/v1/hello"] = (
        status,
        f'{{"title": "no", "status": {status}, "detail": "because\\u001b[31m", "code": "{code}"}}'.encode(),
    )
    with pytest.raises(kind, match=f"because.*{code}") as raised:
        await link.hello(HELLO)
    assert "\x1b" not in str(raised.value)


async def test_an_answer_that_is_no_document_is_refused(stub: ControllerStub, link: HttpLink) -> None:
    stub.answers["/agent/v1/hello"] = (200, b"<html>a captive portal</html>")
    with pytest.raises(FrameRefused):
        await link.hello(HELLO)


async def test_a_redirect_is_not_followed(stub: ControllerStub, link: HttpLink) -> None:
    stub.answers["/agent/v1/hello"] = (302, b"")
    with pytest.raises(SessionEnded):
        await link.hello(HELLO)
    assert len(stub.asked) == 1


async def test_a_pack_comes_in_chunks(stub: ControllerStub, link: HttpLink) -> None:
    content = bytes(range(256)) * 4096
    stub.answers[f"/agent/v1/packs/{'a' * 64}"] = (200, content)
    chunks = [chunk async for chunk in link.pack("a" * 64)]
    assert b"".join(chunks) == content
    assert len(chunks) > 1


async def test_a_pack_that_is_not_there_is_said_to_be_missing(stub: ControllerStub, link: HttpLink) -> None:
    with pytest.raises(PackNotServed):
        await anext(aiter(link.pack("b" * 64)))


async def test_a_connect_proxy_is_used_and_sees_no_content(stub: ControllerStub, tmp_path: Path) -> None:
    seen: list[bytes] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        there, back = await asyncio.open_connection("127.0.0.1", stub.port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while chunk := await source.read(65_536):
                seen.append(chunk)
                sink.write(chunk)
            sink.close()

        await asyncio.gather(pump(reader, back), pump(there, writer))

    listening = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    link = link_to(stub, tmp_path, proxy=f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
    assert (await link.hello(HELLO)).name == "web1"
    assert (await link.post("session-1", status(1))).n == 1
    assert seen[0].startswith(f"CONNECT 127.0.0.1:{stub.port} HTTP/1.1".encode())
    assert not any(b"instance" in chunk for chunk in seen)
    await link.close()
    listening.close()
    await listening.wait_closed()


def test_an_identity_that_is_broken_is_named(tmp_path: Path) -> None:
    files = identity(tmp_path, trusts=trustme.CA())
    files.certificate.write_text("no certificate")
    with pytest.raises(ControllerUntrusted):
        agent_context(authority=files.authority, certificate=files.certificate, key=files.key)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")

    async def greet(folder: Path) -> str:
        async with controller_stub() as stub:
            link = link_to(stub, folder)
            name = (await link.hello(HELLO)).name
            await link.close()
            return name

    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        assert asyncio.run(greet(Path(folder))) == "web1"
