"""HttpLimits: the bounds of one listener (reliability.md §1.5); chosen by the composition root, enforced by protocol and listener."""

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Bytes of a request that brings events one a line.
LINES_BYTES = 16 << 20


@dataclass(frozen=True, kw_only=True)
class HttpLimits:
    """Bytes, seconds and counts; the defaults are those of the public listener."""

    #: Request line and header fields together; beyond: 431.
    header_bytes: int = 32 << 10
    #: From the first byte of a request (or the connection) to the end of its header; later: 408.
    header_time: float = 10.0
    #: Beyond: 413, before a byte of it is read when Content-Length says so.
    body_bytes: int = 1 << 20
    #: Paths whose bodies may be longer, because they are read and judged as they come.
    longer_bodies: Mapping[bytes, int] = field(default_factory=lambda: {b"/events": LINES_BYTES})
    #: Bytes a second that a body must bring, judged in windows of `body_window` seconds; slower: 408.
    body_rate: int = 1024
    body_window: float = 10.0
    #: How long a connection may be idle between two requests.
    keep_alive: float = 30.0
    #: How long a client may leave written bytes unread; longer: the connection is cut.
    write_stall: float = 60.0
    #: TLS handshake; longer: closed.
    handshake_time: float = 10.0
    #: How long what a refused client still sends is thrown away, so that it can read the refusal.
    linger: float = 2.0
    #: Connections of one IPv4 address or IPv6 /64, handshakes included; more: 429 and closed (only closed on a TLS listener).
    connections_per_address: int = 64
    #: Connections of everybody; more: closed.
    connections: int = 8192


#: Agents are known by certificate after the handshake and many may stand behind one address; their frames come in larger bodies.
AGENT_LIMITS = HttpLimits(body_bytes=8 << 20, longer_bodies={}, keep_alive=120.0, connections_per_address=4096)
