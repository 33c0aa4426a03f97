"""The Link over HTTP/1.1 and mutual TLS 1.3, trusting only the controller's own authority; the agent's only importer of an HTTP library.

Requests and the stream go over `kept_connections`; the library carries packs, and everything when there is a proxy.
Built by `app`; `enrol` and `fetch_authority` serve `join`, which has no identity yet.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import h11
import httpx2
from pydantic import BaseModel, ValidationError

from attune_agent.errors import (
    ControllerUnreachable,
    ControllerUntrusted,
    FrameRefused,
    JoinRefused,
    LifeOver,
    PackNotServed,
    SessionEnded,
    SessionRefused,
)
from attune_agent.kept_connections import Answer, AnswerTooLarge, KeptConnections
from attune_core.errors import AttuneError
from attune_core.ports import rfc3339
from attune_core.safe_text import safe_text
from attune_core.version import WIRE_PROTOCOL
from attune_core.wire.api import Failure
from attune_core.wire.enrolment import Enrolled, Enrolment
from attune_core.wire.inventory import Inventory, Merged
from attune_core.wire.session import PROTOCOL_HEADER, SESSION_HEADER, Hello, Stored, Welcome

Document = TypeVar("Document", bound=BaseModel)

_PROTOCOL = {PROTOCOL_HEADER: str(WIRE_PROTOCOL)}
#: Seconds to connect, and for an answer to begin. The stream itself has no limit here: the uplink knows the pings.
_CONNECT, _ANSWER = 10.0, 30.0
#: How long requests that nobody waits for any more may take when the program ends, seconds.
_LAST_MOMENT = 2.0
#: Bytes of an answer that is one document.
_DOCUMENT_LIMIT = 4 << 20
#: How a connection fails, the library's or one of our own.
_BROKEN = (httpx2.HTTPError, h11.ProtocolError, OSError, AnswerTooLarge)
#: What the controller says of a session that cannot be had again by saying hello (attune_controller.errors).
_CLONED, _OVER = "ATT534", frozenset({"ATT650", "ATT653"})
_REFUSED_HINT = (
    "the controller ended the connection at the hello: if that stays so, it does not accept this agent's certificate "
    "(expired, replaced by a later join, or of another authority); look at its log, and join again"
)


class HttpLink:
    """The connections of one agent to its controller, kept open."""

    def __init__(self, url: str, *, context: ssl.SSLContext, proxy: str = "") -> None:
        """Take https://host:port of the agent listener, the TLS context and the URL of an HTTP CONNECT proxy, if there is one."""
        # A connection that rests may be dead and not say so: what is rarely opened, streams and packs, gets a new one each time.
        limits = httpx2.Limits(max_connections=8, max_keepalive_connections=4 if proxy else 0, keepalive_expiry=60.0)
        self._transport = httpx2.AsyncHTTPTransport(verify=context, proxy=proxy or None, trust_env=False, limits=limits)
        self._timeout = httpx2.Timeout(_ANSWER, connect=_CONNECT)
        self._client = httpx2.AsyncClient(
            base_url=url, transport=self._transport, trust_env=False, headers=_PROTOCOL, timeout=self._timeout
        )
        self._url = httpx2.URL(url)
        kept = KeptConnections(url, context=context, connect=_CONNECT, answer=_ANSWER, limit=_DOCUMENT_LIMIT)
        self._kept, self._post, self._get = kept, self._post_by_proxy if proxy else kept.post, self._get_by_proxy if proxy else kept.stream
        self._under_way: set[asyncio.Task[Answer]] = set()

    async def hello(self, hello: Hello) -> Welcome:
        """Open a session, over a connection of its own: those that rest may be why the last session ended, and would not say so."""
        self._kept.close()
        try:
            answer = await self._send("/agent/v1/hello", hello.model_dump_json().encode(), {})
        except ControllerUnreachable as error:
            # In TLS 1.3 a server refuses a client's certificate after the client's handshake is done; often all that arrives is a reset.
            if isinstance(error.__cause__, ConnectionError | h11.RemoteProtocolError | httpx2.ReadError | httpx2.RemoteProtocolError):
                error.hint = _REFUSED_HINT
            raise
        return _read(answer, Welcome)

    def stream(self, session: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open the session's stream."""
        return self._stream(session)

    async def post(self, session: str, frames: bytes) -> Stored:
        """Send frames."""
        headers = {SESSION_HEADER: session, "content-type": "application/x-ndjson"}
        return _read(await self._send("/agent/v1/frames", frames, headers), Stored)

    async def inventory(self, session: str, page: Inventory) -> None:
        """Say what is held."""
        headers = {SESSION_HEADER: session, "content-type": "application/json"}
        _read(await self._send("/agent/v1/inventory", page.model_dump_json().encode(), headers), Merged)

    async def pack(self, digest: str) -> AsyncIterator[bytes]:
        """Yield the tar with that sha256."""
        try:
            async with self._client.stream("GET", f"/agent/v1/packs/{digest}") as answer:
                if answer.status_code == httpx2.codes.NOT_FOUND:
                    raise PackNotServed(f"the controller has no pack {digest}")
                await _require_success(answer)
                async for chunk in answer.aiter_raw():
                    yield chunk
        except httpx2.HTTPError as error:
            raise _explain(error) from error

    async def close(self) -> None:
        """Let go of the connections, after what is on its way has had a moment to end."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_LAST_MOMENT)
        self._kept.close()
        await self._client.aclose()

    async def _send(self, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        """Post a document and return the one that is answered; who no longer waits for the answer leaves the request to its end."""
        request = asyncio.ensure_future(self._post(path, body, [*_PROTOCOL.items(), *headers.items()]))
        self._under_way.add(request)
        request.add_done_callback(self._ended)
        try:
            answer = await asyncio.shield(request)
        except _BROKEN as error:
            raise _explain(error) from error
        if not httpx2.codes.is_success(answer.status):
            raise refusal(_failure(answer.status, answer.content))
        return answer.content

    async def _post_by_proxy(self, path: str, body: bytes, headers: Iterable[tuple[str, str]]) -> Answer:
        # The library leaks a connection whose handshake is cancelled (httpcore2 2.16, AnyIOStream.start_tls): `_send` never cancels one.
        timeout = {"timeout": self._timeout.as_dict()}
        request = httpx2.Request("POST", self._url.join(path), content=body, headers=list(headers), extensions=timeout)
        answer = await self._transport.handle_async_request(request)
        content = await answer.aread()
        if len(content) > _DOCUMENT_LIMIT:
            raise AnswerTooLarge
        return Answer(answer.status_code, content)

    def _ended(self, request: "asyncio.Task[Answer]") -> None:
        self._under_way.discard(request)
        if not request.cancelled():
            request.exception()  # seen, whether or not anybody still waits

    @asynccontextmanager
    async def _stream(self, session: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with AsyncExitStack() as stack:
            try:
                stream = self._get("/agent/v1/stream", [*_PROTOCOL.items(), (SESSION_HEADER, session)])
                answer, chunks = await stack.enter_async_context(stream)
            except _BROKEN as error:
                raise _explain(error) from error
            if not httpx2.codes.is_success(answer.status):
                raise refusal(_failure(answer.status, answer.content))
            yield _heard(chunks)

    @asynccontextmanager
    async def _get_by_proxy(self, path: str, headers: Iterable[tuple[str, str]]) -> AsyncIterator[tuple[Answer, AsyncIterator[bytes]]]:
        # Pings come at least three times in the time that a read may take.
        async with self._client.stream("GET", path, headers=list(headers)) as answer:
            yield Answer(answer.status_code, b"" if answer.is_success else await answer.aread()), answer.aiter_raw()


async def _heard(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for chunk in chunks:
            yield chunk
    except _BROKEN as error:
        raise _explain(error) from error


def agent_context(*, authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """Return mutual TLS 1.3 that trusts this one authority; `ControllerUntrusted` when the files are no identity."""
    try:
        context = trusting(authority.read_text(encoding="ascii"))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        raise ControllerUntrusted(f"the agent's own identity cannot be read: {error}", hint="join again with --force") from error
    return context


def trusting(authority: str) -> ssl.SSLContext:
    """Return a context that trusts only this authority (PEM) and checks the server's name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=authority)
    return context


def fetch_authority(url: str, *, proxy: str = "") -> str:
    """Return the PEM at /ca over a connection that proves nothing; whoever calls compares its fingerprint before using it."""
    try:
        with httpx2.Client(verify=_unverified(), proxy=proxy or None, trust_env=False, timeout=_CONNECT) as client:
            answer = client.get(f"{url}/ca")
    except httpx2.HTTPError as error:
        raise _explain(error) from error
    if not answer.is_success or len(answer.content) > 1 << 16:
        raise ControllerUnreachable(f"{url}/ca answered {answer.status_code}", hint="check that this is the URL of an Attune controller")
    return answer.text


def enrol(url: str, enrolment: Enrolment, *, authority: str, proxy: str = "") -> Enrolled:
    """Send the request for a first certificate to the public listener; `JoinRefused` with what the controller says."""
    try:
        with httpx2.Client(verify=trusting(authority), proxy=proxy or None, trust_env=False, timeout=_ANSWER) as client:
            answer = client.post(
                f"{url}/v1/enrolments", content=enrolment.model_dump_json().encode(), headers={"content-type": "application/json"}
            )
    except httpx2.HTTPError as error:
        raise _explain(error) from error
    if not answer.is_success:
        failure = _failure(answer.status_code, answer.content)
        raise JoinRefused(_said(failure), hint=safe_text(failure.remedy, limit=1000) or None)
    return _read(answer.content, Enrolled)


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted")


def _read(content: bytes, kind: type[Document]) -> Document:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise FrameRefused(f"the controller's answer is no {kind.__name__}: {error.error_count()} mistakes") from error


async def _require_success(answer: httpx2.Response) -> None:
    if answer.is_success:
        return
    raise refusal(_failure(answer.status_code, await answer.aread()))


def _failure(status: int, content: bytes) -> Failure:
    try:
        return Failure.model_validate_json(content[:_DOCUMENT_LIMIT])
    except ValidationError:
        return Failure(title=f"status {status}", status=status, detail="", code="")


def _said(failure: Failure) -> str:
    return safe_text(f"the controller says: {failure.detail or failure.title} ({failure.code or failure.status})", limit=1000)


def refusal(failure: Failure) -> AttuneError:
    """Return what a problem document of the agent listener means here."""
    text = _said(failure)
    hint = safe_text(failure.remedy, limit=1000) or None
    if failure.code in _OVER:
        return LifeOver(text, hint=hint)
    if failure.code == _CLONED or failure.status in (401, 403, 426):
        return SessionRefused(text, hint=hint)
    if failure.status in (400, 413):
        return FrameRefused(text, hint=hint)
    return SessionEnded(text, hint=hint)


def _explain(error: Exception) -> AttuneError:
    """Return what a failed request means: untrusted when TLS says so, refused when it is too much, else unreachable."""
    if isinstance(error, AnswerTooLarge):
        return FrameRefused(f"the controller's answer has more than {_DOCUMENT_LIMIT} bytes")
    said = ""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ControllerUntrusted(f"the controller's certificate: {cause.verify_message} (the clock here says {rfc3339(time.time())})")
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return ControllerUntrusted(f"TLS with the controller failed: {cause.reason or cause}")
        said = said or str(cause)
        cause = cause.__cause__ or cause.__context__
    return ControllerUnreachable(safe_text(f"{type(error).__name__}: {said}".removesuffix(": "), limit=500))
