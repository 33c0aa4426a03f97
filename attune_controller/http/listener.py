"""Listener: one address or several, one ASGI application, one set of bounds; the controller has two of them in one event loop.

Started and stopped by the composition root; each accepted connection becomes a LimitedProtocol. It accepts by itself, because the
connections of an address have to be counted before a TLS handshake is paid for, and because nothing here may touch signals.
"""

import asyncio
import errno
import ipaddress
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterable
from email.utils import formatdate

import structlog
from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import ServerState

from attune_controller.bounds import Bound
from attune_controller.errors import PortRefused
from attune_controller.http.errors import TooManyConnections
from attune_controller.http.limits import HttpLimits
from attune_controller.http.problems import raw_problem
from attune_controller.http.protocol import LimitedProtocol

log = structlog.get_logger(__name__)

#: What accept() may say although the listener is well (accept(2)): the peer is gone already, or the process is short of something.
_PASSING = {errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.ENETDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT}
_SHORT = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Listener:
    """Accepts connections from `start` to `stop`."""

    def __init__(
        self, name: str, app: ASGIApp, sockets: Iterable[socket.socket], *, tls: ssl.SSLContext | None, limits: HttpLimits | None = None
    ) -> None:
        """Take bound sockets (see `bind`); `tls` None is plain HTTP."""
        self.name, self.limits = name, limits or HttpLimits()
        self._sockets, self._tls = tuple(sockets), tls
        self._config = Config(
            app, ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False, server_header=False, interface="asgi3"
        )
        self._config.load()
        self._state = _DatedState()
        self._open: Counter[str] = Counter()
        self._accepting: list[asyncio.Task[None]] = []
        self._arriving: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens: host and port of each socket."""
        names = [sock.getsockname() for sock in self._sockets]
        return [(str(name[0]), int(name[1])) for name in names]

    @property
    def open_connections(self) -> int:
        """How many connections there are, those in their handshake included."""
        return self._open.total()

    def bounds(self) -> tuple[Bound, ...]:
        """Say how many connections there are."""
        return (Bound(name=f"{self.name}_connections", depth=self.open_connections, limit=self.limits.connections),)

    async def start(self) -> None:
        """Listen and accept from now on."""
        for sock in self._sockets:
            sock.settimeout(0)
            sock.listen(2048)
        self._accepting = [asyncio.create_task(self._accept(sock), name=f"accept {self.name}") for sock in self._sockets]

    async def wait(self) -> None:
        """Return when it was stopped; raise what made it end otherwise."""
        if not self._accepting:
            return
        done, _ = await asyncio.wait(self._accepting, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            if not task.cancelled():
                task.result()

    async def stop(self, grace: float = 5.0) -> None:
        """Accept no more, let requests end within `grace` seconds, then cut what is left; may be done again, or before `start`."""
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        for sock in self._sockets:
            sock.close()
        for task in self._arriving:
            task.cancel()
        for connection in list(self._state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(grace):
                await self._all_gone()
        except TimeoutError:
            log.warning("connections_cut", listener=self.name, connections=len(self._state.connections))
            for connection in list(self._state.connections):
                connection.transport.abort()
            await self._all_gone()
        await self._end_requests()

    async def _end_requests(self) -> None:
        """Let the application notice that its clients are gone, then cancel what has not."""
        left = {*self._state.tasks, *self._arriving}
        if left:
            _, stuck = await asyncio.wait(left, timeout=1.0)
            for task in stuck:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _all_gone(self) -> None:
        while self._open:
            self._empty.clear()
            await self._empty.wait()

    async def _accept(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(sock)
            except OSError as error:
                if error.errno in _SHORT:
                    log.error("accept_short_of_resources", listener=self.name, error=str(error))
                    await asyncio.sleep(1.0)
                elif error.errno not in _PASSING:
                    raise
                continue
            self._admit(connection, _origin(peer))
            # An accept that finds a connection waiting does not give way, and a flood of them must not starve the others.
            await asyncio.sleep(0)

    def _admit(self, connection: socket.socket, origin: str) -> None:
        if self._open[origin] >= self.limits.connections_per_address or self._open.total() >= self.limits.connections:
            self._turn_away(connection)
            return
        self._open[origin] += 1
        task = asyncio.create_task(self._serve(connection, origin))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    def _turn_away(self, connection: socket.socket) -> None:
        with connection:
            if self._tls is None:
                try:
                    connection.settimeout(0)
                    connection.send(raw_problem(TooManyConnections()))
                except OSError as error:
                    log.debug("connection_gone", listener=self.name, error=str(error))

    async def _serve(self, connection: socket.socket, origin: str) -> None:
        """Hand a connection to a protocol once its handshake is done; the protocol says when it is gone."""
        released = self._once(origin)
        try:
            _harden(connection, self.limits.write_stall)
        except OSError as error:
            log.debug("connection_gone", listener=self.name, peer=origin, error=str(error))
            connection.close()
            released()
            return
        try:
            # From here on the transport owns the socket and closes it, also when this is cancelled.
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: LimitedProtocol(self._config, self._state, self.limits, released),
                connection,
                ssl=self._tls,
                ssl_handshake_timeout=self.limits.handshake_time if self._tls else None,
                ssl_shutdown_timeout=self.limits.linger if self._tls else None,
            )
        except OSError as error:  # ssl.SSLError and timeouts are OSErrors, too
            # Whoever wonders why an agent does not come finds its certificate's fault in the log; the rest is noise of the network.
            (log.info if isinstance(error, ssl.SSLCertVerificationError) else log.debug)(
                "handshake_failed", listener=self.name, peer=origin, error=str(error) or type(error).__name__
            )
            released()
        except BaseException:
            released()
            raise

    def _once(self, origin: str) -> Callable[[], None]:
        """Return what takes a connection off the count, however many times it is called."""
        held = [origin]

        def release() -> None:
            if held:
                held.pop()
                self._open[origin] -= 1
                if not self._open[origin]:
                    del self._open[origin]
                if not self._open:
                    self._empty.set()

        return release


class _DatedState(ServerState):
    """uvicorn's shared state; the Date header is made when it is asked for, at most once a second, instead of by a ticking loop."""

    def __init__(self) -> None:
        super().__init__()
        self._stamp, self._headers = 0, list[tuple[bytes, bytes]]()

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers of every response (RFC 9110 §6.6.1)."""
        now = int(time.time())
        if now != self._stamp:
            self._stamp, self._headers = now, [(b"date", formatdate(now, usegmt=True).encode())]
        return self._headers

    @default_headers.setter
    def default_headers(self, value: list[tuple[bytes, bytes]]) -> None:
        """Ignore what uvicorn's constructor sets."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Return sockets bound to every address of `host` (empty: every interface; port 0: any free one); `PortRefused`."""
    sockets: list[socket.socket] = []
    absent: OSError | None = None
    try:
        for family, _, _, _, address in dict.fromkeys(
            socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        ):
            try:
                sockets.append(_bind_one(socket.AddressFamily(family), str(address[0]), port or _port_of(sockets)))
            except OSError as error:
                if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                    raise
                absent = error  # such as ::1 where the machine has no IPv6
        if not sockets and absent:
            raise absent
    except OSError as error:
        for sock in sockets:
            sock.close()
        raise PortRefused(f"{host}:{port}: {error.strerror or error}") from error
    return sockets


def _bind_one(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _port_of(sockets: Iterable[socket.socket]) -> int:
    """Return the port that the first address got, so that all addresses of a name have the same one; 0 for none."""
    return next((int(sock.getsockname()[1]) for sock in sockets), 0)


def _origin(peer: tuple[str | int, ...]) -> str:
    """Return what connections are counted by: an IPv4 address, or the /64 that one IPv6 customer has."""
    address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)


def _harden(connection: socket.socket, stall: float) -> None:
    """Let the kernel end a connection whose peer is gone or takes nothing any more, also while it is being closed."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(stall * 1000))
