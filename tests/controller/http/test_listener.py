"""Two listeners in one loop: who gets in, how many, over which TLS, and how it ends."""

import asyncio
import os
import resource
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme
from starlette.types import Receive, Scope, Send

from attune_controller.errors import PortRefused
from attune_controller.http.limits import HttpLimits
from attune_controller.http.listener import Listener, bind
from attune_controller.http.protocol import PEER
from attune_controller.http.tls import agents_tls, keep_fresh, public_tls, require_loopback
from attune_controller.identity.ca import Authority, open_authority
from attune_controller.identity.errors import PlainHttpExposed, TlsFilesUnusable
from attune_controller.identity.server_certificate import ServerCertificate
from attune_core.pki import fingerprint
from attune_core.ports import SystemClock
from tests.controller.http.serving import QUICK, Echo, listening, port_of, post, reply, wire
from tests.controller.identity.certificates import agent_context, trusting
from tests.waiting import eventually

CLOCK = SystemClock()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return open_authority(tmp_path / "ca", CLOCK.now())


@pytest.fixture
def certificate(authority: Authority, tmp_path: Path) -> ServerCertificate:
    made = ServerCertificate(authority, tmp_path / "ca", ["attune.example"])
    made.refresh(CLOCK.now())
    return made


async def test_an_address_gets_its_number_of_connections_and_then_429() -> None:
    async with listening(Echo(), limits=HttpLimits(connections_per_address=2)) as listener:
        async with wire(listener) as first, wire(listener), wire(listener) as third:
            answer = await third.answer()
            assert (answer.status, answer.failure().code) == (429, "ATT407")
            await first.send(post(b"x"))
            assert (await first.answer()).status == 200
        await eventually(lambda: listener.open_connections == 0)
        async with wire(listener) as again:
            await again.send(post(b"x"))
            assert (await again.answer()).status == 200


async def test_all_addresses_together_have_a_bound_too() -> None:
    async with listening(Echo(), limits=HttpLimits(connections=1)) as listener, wire(listener) as first, wire(listener) as second:
        assert b"429" in await second.end()
        await first.send(post())
        assert (await first.answer()).status == 200


async def test_a_handshake_that_does_not_come_is_cut_and_counts_until_then(certificate: ServerCertificate) -> None:
    limits = HttpLimits(connections_per_address=1, handshake_time=0.3)
    async with listening(Echo(), tls=public_tls(certificate.path).context, limits=limits) as listener:
        async with wire(listener) as silent:
            await eventually(lambda: listener.open_connections == 1)
            async with wire(listener) as refused:
                assert await refused.end() == b""
            assert await silent.end() == b""
        await eventually(lambda: listener.open_connections == 0)


async def test_the_public_listener_serves_our_certificate_for_its_names(authority: Authority, certificate: ServerCertificate) -> None:
    context = trusting(authority.certificate)
    async with listening(Echo(), tls=public_tls(certificate.path).context) as listener:
        for name in ("localhost", "attune.example", "127.0.0.1"):
            async with wire(listener, tls=context, name=name) as connection:
                await connection.send(post(b"abc"))
                assert (await connection.answer()).body == b"3"
        with pytest.raises(ssl.SSLCertVerificationError):
            async with wire(listener, tls=context, name="other.example"):
                pass


async def test_the_bounds_hold_inside_tls_and_the_refusals_can_be_read(authority: Authority, certificate: ServerCertificate) -> None:
    context = trusting(authority.certificate)
    async with listening(Echo(), tls=public_tls(certificate.path).context, limits=QUICK) as listener:
        for sent, status in (
            (b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", 408),
            (b"GET / HTTP/1.1\r\nHost: a\r\nX-Large: " + b"a" * (1 << 20), 431),
            (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 314572800\r\n\r\n" + b"x" * (1 << 20), 413),
            (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx", 408),
        ):
            async with wire(listener, tls=context) as connection:
                await connection.send(sent)
                assert (await connection.answer()).status == status
        await eventually(lambda: listener.open_connections == 0)


async def test_the_certificate_of_the_settings_is_served_instead(tmp_path: Path) -> None:
    ca = trustme.CA()
    issued = ca.issue_cert("localhost")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    context = ssl.create_default_context()
    ca.configure_trust(context)
    async with listening(Echo(), tls=public_tls(cert, key).context) as listener, wire(listener, tls=context) as connection:
        await connection.send(post(b"abc"))
        assert (await connection.answer()).status == 200


def test_a_certificate_without_its_key_is_refused_at_start(tmp_path: Path) -> None:
    issued, other = trustme.CA().issue_cert("localhost"), trustme.CA().issue_cert("localhost")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(issued.cert_chain_pems[0].bytes())
    with pytest.raises(TlsFilesUnusable, match=r"key\.pem"):
        public_tls(cert, key)
    key.write_bytes(other.private_key_pem.bytes())
    with pytest.raises(TlsFilesUnusable, match=r"cert\.pem"):
        public_tls(cert, key)


# -- the agent listener ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def agents(authority: Authority, certificate: ServerCertificate) -> AsyncIterator[tuple[Listener, Echo]]:
    echo = Echo()
    async with listening(echo, tls=agents_tls(certificate.path, authority.certificate).context, limits=QUICK) as listener:
        yield listener, echo


async def _speaks(listener: Listener, context: ssl.SSLContext) -> bool:
    """Tell whether a request gets through; in TLS 1.3 a refused client hears of it only at its first read."""
    try:
        async with wire(listener, tls=context) as connection:
            await connection.send(post())
            await connection.answer()
    except (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
        return False
    return True


async def test_the_pinned_uvicorn_still_shows_the_peer_certificate_to_the_application(
    authority: Authority, agents: tuple[Listener, Echo], tmp_path: Path
) -> None:
    listener, echo = agents
    context, shown = agent_context(authority, "web-1", tmp_path)
    async with wire(listener, tls=context) as connection:
        for _ in range(2):
            await connection.send(post(b"abc"))
            assert (await connection.answer()).status == 200
        version = connection.writer.get_extra_info("ssl_object").version()
    assert version == "TLSv1.3"
    assert [fingerprint(scope["extensions"][PEER]["certificate"]) for scope in echo.scopes] == [shown, shown]


async def test_a_resumed_session_still_shows_the_peer_certificate(
    authority: Authority, agents: tuple[Listener, Echo], tmp_path: Path
) -> None:
    listener, echo = agents
    context, shown = agent_context(authority, "web-1", tmp_path)

    def ask(session: ssl.SSLSession | None) -> tuple[ssl.SSLSession | None, bool | None]:
        with (
            socket.create_connection(("127.0.0.1", port_of(listener))) as plain,
            context.wrap_socket(plain, server_hostname="localhost", session=session) as tls,
        ):
            tls.sendall(post(b"abc"))
            assert tls.recv(12) == b"HTTP/1.1 200"
            return tls.session, tls.session_reused

    session, _ = await asyncio.to_thread(ask, None)
    _, reused = await asyncio.to_thread(ask, session)
    assert reused
    assert [fingerprint(scope["extensions"][PEER]["certificate"]) for scope in echo.scopes] == [shown, shown]


async def test_a_client_without_a_certificate_is_refused(authority: Authority, agents: tuple[Listener, Echo]) -> None:
    listener, echo = agents
    assert not await _speaks(listener, trusting(authority.certificate))
    assert echo.paths == []


async def test_a_certificate_from_another_ca_is_refused(authority: Authority, agents: tuple[Listener, Echo], tmp_path: Path) -> None:
    listener, echo = agents
    other = open_authority(tmp_path / "other", CLOCK.now())
    context, _ = agent_context(other, "web-1", tmp_path, trust=authority.certificate)
    assert not await _speaks(listener, context)
    assert echo.paths == []


async def test_an_expired_certificate_is_refused(authority: Authority, agents: tuple[Listener, Echo], tmp_path: Path) -> None:
    listener, echo = agents
    context, _ = agent_context(authority, "web-1", tmp_path, now=CLOCK.now() - 31 * 86_400)
    assert not await _speaks(listener, context)
    assert echo.paths == []


async def test_the_servers_own_certificate_is_no_clients_certificate(
    authority: Authority, certificate: ServerCertificate, agents: tuple[Listener, Echo]
) -> None:
    listener, echo = agents
    context = trusting(authority.certificate)
    context.load_cert_chain(certificate.path)
    assert not await _speaks(listener, context)
    assert echo.paths == []


async def test_tls_1_2_is_not_spoken_with_agents(authority: Authority, agents: tuple[Listener, Echo], tmp_path: Path) -> None:
    context, _ = agent_context(authority, "web-1", tmp_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert not await _speaks(agents[0], context)


async def test_plain_bytes_on_a_tls_listener_end_the_connection(agents: tuple[Listener, Echo]) -> None:
    async with wire(agents[0]) as connection:
        await connection.send(post())
        assert b"HTTP" not in await connection.end()
    await eventually(lambda: agents[0].open_connections == 0)


# -- a new certificate while listening -------------------------------------------------------------------------------------------------


async def _shown(listener: Listener, context: ssl.SSLContext) -> str:
    async with wire(listener, tls=context) as connection:
        return fingerprint(connection.writer.get_extra_info("ssl_object").getpeercert(binary_form=True))


async def test_a_new_certificate_is_served_without_dropping_a_connection(authority: Authority, certificate: ServerCertificate) -> None:
    certificate.path.unlink()
    certificate.refresh(CLOCK.now() - 61 * 86_400)
    context, served = trusting(authority.certificate), public_tls(certificate.path)
    async with listening(Echo(), tls=served.context) as listener, wire(listener, tls=context) as old:
        before = await _shown(listener, context)
        assert not served.reload()
        assert certificate.refresh(CLOCK.now())
        assert served.reload()
        assert await _shown(listener, context) != before
        await old.send(post(b"x"))
        assert (await old.answer()).status == 200


async def test_a_new_certificate_without_its_key_leaves_the_old_one_in_service(tmp_path: Path) -> None:
    ca = trustme.CA()
    issued, later = ca.issue_cert("localhost"), ca.issue_cert("localhost")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(issued.cert_chain_pems[0].bytes())
    key.write_bytes(issued.private_key_pem.bytes())
    context, served = ssl.create_default_context(), public_tls(cert, key)
    ca.configure_trust(context)
    async with listening(Echo(), tls=served.context) as listener:
        before = await _shown(listener, context)
        cert.write_bytes(later.cert_chain_pems[0].bytes())
        with pytest.raises(TlsFilesUnusable):
            served.reload()
        assert await _shown(listener, context) == before
        key.write_bytes(later.private_key_pem.bytes())
        assert served.reload()
        assert await _shown(listener, context) != before


async def test_keep_fresh_renews_and_goes_on_after_a_failure(certificate: ServerCertificate) -> None:
    renewed: list[float] = []

    def renew(now: float) -> bool:
        renewed.append(now)
        raise TlsFilesUnusable("not now")

    keeping = asyncio.create_task(keep_fresh(renew, [public_tls(certificate.path)], CLOCK, interval=0.001))
    await eventually(lambda: len(renewed) > 2)
    keeping.cancel()


# -- addresses, start and stop ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "attune.example"])  # noqa: S104 - these are to be refused
def test_plain_http_is_refused_anywhere_but_on_loopback(host: str) -> None:
    with pytest.raises(PlainHttpExposed):
        require_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_plain_http_is_allowed_on_loopback(host: str) -> None:
    require_loopback(host)


def test_a_port_in_use_is_said_with_its_address() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortRefused, match=r"127\.0\.0\.1"):
            bind("127.0.0.1", taken.getsockname()[1])


def test_every_interface_gets_the_same_port() -> None:
    sockets = bind("", 0)
    try:
        assert len({sock.getsockname()[1] for sock in sockets}) == 1
    finally:
        for sock in sockets:
            sock.close()


async def test_two_listeners_run_beside_each_other_and_leave_the_signals_alone(certificate: ServerCertificate) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with listening(Echo()) as plain, listening(Echo(), tls=public_tls(certificate.path).context) as secure:
        assert port_of(plain) != port_of(secure)
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


async def test_stopping_lets_a_request_end_and_refuses_new_ones() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await go_on.wait()
        await reply(send, b"done")

    listener = Listener("test", slow, bind("127.0.0.1", 0), tls=None)
    await listener.start()
    port = port_of(listener)
    async with wire(listener) as connection, wire(listener) as idle:
        await connection.send(post())
        await begun.wait()
        stopping = asyncio.create_task(listener.stop(grace=10))
        assert await idle.end() == b""
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)
        go_on.set()
        answer = await connection.answer()
        assert (answer.body, answer.headers["connection"]) == (b"done", "close")
        await stopping


async def test_stopping_cuts_what_does_not_end_in_time() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    listener = Listener("test", stuck, bind("127.0.0.1", 0), tls=None)
    await listener.start()
    async with wire(listener) as connection:
        await connection.send(post())
        await begun.wait()
        await listener.stop(grace=0.05)
        assert cancelled.is_set()
        assert await connection.end() == b""


async def test_a_listener_short_of_descriptors_goes_on_when_there_are_some_again() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with listening(Echo()) as listener, wire(listener) as connection:
        await eventually(lambda: listener.open_connections == 1)
        with socket.socket() as client:
            client.settimeout(0)
            highest = max(int(name) for name in os.listdir("/proc/self/fd"))  # noqa: PTH208 - names, not paths
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
            fillers: list[int] = []
            try:
                with suppress(OSError):
                    while True:
                        fillers.append(os.dup(0))
                await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port_of(listener)))
                await connection.send(post(b"x"))
                assert (await connection.answer()).status == 200
                assert listener.open_connections == 1
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                for filler in fillers:
                    os.close(filler)
            await eventually(lambda: listener.open_connections == 2)
