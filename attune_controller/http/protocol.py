"""LimitedProtocol: one connection; uvicorn's HTTP/1.1 protocol with the bounds it lacks, and with the client's certificate.

Made by the listener for each accepted connection. It builds on details of the pinned uvicorn (facts.md, HTTP server), which
tests/controller/http hold on to: the callbacks of httptools, `RequestResponseCycle` and its flags.
"""

import asyncio
import ssl
from collections.abc import Callable
from enum import Enum

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from attune_controller.http.errors import (
    BodyTooLarge,
    BodyTooSlow,
    HeadersTooLarge,
    HeadersTooSlow,
    HttpRefusal,
    RequestMalformed,
)
from attune_controller.http.limits import HttpLimits
from attune_controller.http.problems import raw_problem

#: Where the client's certificate (DER) lies in the ASGI scope: scope["extensions"][PEER]["certificate"].
PEER = "attune.peer"


#: The fields that say whom a request is for and where it ends.
_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding"})


class Phase(Enum):
    """What the connection is waiting for."""

    IDLE = "the first byte of a request"
    HEADER = "the rest of a header"
    BODY = "the rest of a body"
    ANSWER = "the application's answer"
    REFUSED = "the client's reading of a refusal"


class LimitedProtocol(HttpToolsProtocol):
    """A connection that costs at most what the limits say, whatever the other side sends."""

    def __init__(self, config: Config, state: ServerState, limits: HttpLimits, on_lost: Callable[[], None]) -> None:
        """Take uvicorn's configuration and state, the bounds, and whom to tell when the connection is gone."""
        super().__init__(config, state, {})
        self.access_log = False  # uvicorn looks for handlers, which any root logger has
        self.timeout_keep_alive = limits.keep_alive  # type: ignore[assignment]  # declared int; call_later takes fractions, too
        self._limits, self._on_lost = limits, on_lost
        self._phase = Phase.IDLE
        self._body_limit = limits.body_bytes
        self._seen = 0  # bytes of this header or body so far
        self._fields = 0  # bytes of the header's fields that the parser has given us
        self._window = 0  # bytes of the body when its current window began
        self._timer: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._refusal: HttpRefusal | None = None
        self._extensions: dict[str, dict[object, object]] = {}

    # -- the connection ------------------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """Begin; a client that connects and says nothing is slow, too."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        if isinstance(tls, ssl.SSLObject) and (certificate := tls.getpeercert(binary_form=True)):
            self._extensions = {PEER: {"certificate": certificate}}
        self._wait(self._limits.header_time, self._header_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything."""
        self._stop_waiting()
        self._unset_keepalive_if_required()
        self._end_stall()
        super().connection_lost(exc)
        self._on_lost()

    def pause_writing(self) -> None:
        """Start to count how long the client leaves our bytes unread."""
        super().pause_writing()
        if self._stall is None:
            self._stall = self.loop.call_later(self._limits.write_stall, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        self._end_stall()
        super().resume_writing()

    def _end_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    # -- bytes ---------------------------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Feed the parser; its callbacks below move the phase and raise at a bound."""
        if self._phase is Phase.REFUSED:
            return  # thrown away until the client has read the refusal or its time is over
        self._unset_keepalive_if_required()
        if self._phase is Phase.IDLE:
            self._phase, self._seen = Phase.HEADER, 0
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(RequestMalformed("this listener offers no other protocol to upgrade to"))
        except httptools.HttpParserError as error:
            self._refuse(self._refusal or RequestMalformed(f"not an HTTP/1.1 request: {error}"))
        else:
            self._after_feeding(len(data))

    def _after_feeding(self, count: int) -> None:
        if self._phase is Phase.HEADER:
            # The parser keeps an unfinished field to itself, so the bytes that went in are counted as well.
            self._seen += count
            if self._seen > self._limits.header_bytes:
                self._refuse(HeadersTooLarge())
            elif self._timer is None:
                self._wait(self._limits.header_time, self._header_is_late)
        elif self._phase is Phase.BODY and self._timer is None:
            self._window = self._seen
            self._wait(self._limits.body_window, self._judge_body)

    def _raise(self, refusal: HttpRefusal) -> None:
        """Stop the parser from inside one of its callbacks."""
        self._refusal = refusal
        raise refusal

    # -- the parser's callbacks ----------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins; one that comes before the answer to the last is not read: the client has to send it again."""
        if self._phase is Phase.ANSWER:
            self._raise(RequestMalformed("requests are not taken before the answer to the last one (pipelining)"))
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        self._phase, self._fields = Phase.HEADER, 0

    def on_url(self, url: bytes) -> None:
        """Count the request line."""
        self._count_field(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a field with its separators."""
        self._count_field(len(name) + len(value) + 4)
        super().on_header(name, value)

    def _count_field(self, size: int) -> None:
        self._fields += size
        if self._fields > self._limits.header_bytes:
            self._raise(HeadersTooLarge())

    def on_headers_complete(self) -> None:
        """Refuse what is ambiguous or too large before the application hears of it."""
        self._stop_waiting()
        self._body_limit = self._limits.longer_bodies.get(self.url, self._limits.body_bytes)
        if refusal := self._objection():
            self._raise(refusal)
        super().on_headers_complete()
        self.cycle.transport = _Joined(self.transport, self.loop)  # type: ignore[assignment]  # the three methods that the cycle calls
        self._phase, self._seen = Phase.BODY, 0

    def on_body(self, body: bytes) -> None:
        """Count; also after an early answer, while the rest of the body is thrown away."""
        self._seen += len(body)
        if self._seen > self._body_limit:
            self._raise(BodyTooLarge(f"the body is longer than {self._body_limit} bytes"))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._stop_waiting()
        super().on_message_complete()
        if self.cycle.response_complete:
            self._become_idle()
        else:
            self._phase = Phase.ANSWER

    def on_response_complete(self) -> None:
        """The answer is out; what is left of the body is still read and bounded, without the idle time running."""
        super().on_response_complete()
        if self._phase is Phase.ANSWER:
            self._phase = Phase.IDLE
        else:
            self._unset_keepalive_if_required()

    def _become_idle(self) -> None:
        self._phase = Phase.IDLE
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self._limits.keep_alive, self.timeout_keep_alive_handler)

    def _objection(self) -> HttpRefusal | None:
        """Return what is wrong with the header, so that no proxy before us can have read it differently (RFC 9112 §6.3, §3.2)."""
        fields = [(name, value.strip()) for name, value in self.headers if name in _FRAMING]
        lengths = [value for name, value in fields if name == b"content-length"]
        codings = [value.lower() for name, value in fields if name == b"transfer-encoding"]
        hosts = len(fields) - len(lengths) - len(codings)
        if hosts > 1 or (not hosts and self.parser.get_http_version() == "1.1"):
            return RequestMalformed("there is not exactly one Host")
        if self.parser.should_upgrade():
            return RequestMalformed("this listener offers no other protocol to upgrade to")
        if codings and (lengths or codings != [b"chunked"]):
            return RequestMalformed("the length of the body is ambiguous")
        if len(lengths) > 1 or (lengths and not lengths[0].isdigit()):
            return RequestMalformed("Content-Length is not one number")
        if lengths and (len(lengths[0]) > 18 or int(lengths[0]) > self._body_limit):
            return BodyTooLarge(f"the body is longer than {self._body_limit} bytes")
        return None

    # -- time ----------------------------------------------------------------------------------------------------------------------

    def _wait(self, seconds: float, late: Callable[[], None]) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _header_is_late(self) -> None:
        self._timer = None
        self._refuse(HeadersTooSlow())

    def _judge_body(self) -> None:
        """At the end of a window: enough bytes, or the application itself did not want more."""
        self._timer = None
        enough = self._limits.body_rate * self._limits.body_window
        if self.flow.read_paused or self._seen - self._window >= enough:
            self._window = self._seen
            self._wait(self._limits.body_window, self._judge_body)
        else:
            self._refuse(BodyTooSlow())

    # -- refusing ------------------------------------------------------------------------------------------------------------------

    def _refuse(self, refusal: HttpRefusal) -> None:
        """Answer with a problem if an answer is still possible, and end the connection."""
        phase, self._phase = self._phase, Phase.REFUSED
        self._stop_waiting()
        self._unset_keepalive_if_required()
        if phase is Phase.ANSWER:
            # The request before keeps its answer, which then closes the connection (RFC 9112 §9.3.2: the client repeats the rest).
            self.cycle.keep_alive = False
            return
        if self.transport.is_closing():
            return
        if phase is Phase.BODY and self.cycle.response_started:
            self.transport.abort()  # this request has its answer, or a part of it: no second one can follow
            return
        if phase is Phase.BODY:
            self._disappoint_application()
        self.transport.write(raw_problem(refusal))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._wait(self._limits.linger, self.transport.abort)

    def _disappoint_application(self) -> None:
        """Let it find the client gone: its answer, if it still makes one, goes nowhere."""
        self.cycle.disconnected = True
        self.cycle.message_event.set()


#: What uvicorn's cycle writes before it reads a body whose sender asked whether it may send it (RFC 9110, section 10.1.1).
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class _Joined:
    """What one answer is written through: its head waits for the body that follows at once, so that they are one TLS record."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Take where the bytes go."""
        self._transport, self._loop = transport, loop
        self._head: bytes | None = None  # empty: it is out

    def write(self, data: bytes) -> None:
        """Write the head when this step of the loop is over, or with what comes before; leave to send a body is no answer's head."""
        if data == _CONTINUE:
            self._transport.write(data)
        elif self._head is None:
            self._head = data
            self._loop.call_soon(self._write_head)
        else:
            head, self._head = self._head, b""
            self._transport.write(head + data)

    def is_closing(self) -> bool:
        """Tell whether nothing more is sent."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close after what was written."""
        self._write_head()
        self._transport.close()

    def _write_head(self) -> None:
        if self._head:
            self._transport.write(self._head)
        self._head = b""
