"""Guards: what every request passes before an endpoint sees it, and what every failure becomes.

GuardedRoute stands before each public endpoint, AgentGuard before all of the agent listener; both are put in place by `app`.
"""

import hashlib
import itertools
import secrets
from typing import TYPE_CHECKING

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from attune_controller.http.call import Call
from attune_controller.http.errors import ContentEncodingRefused, Unexpected
from attune_controller.http.problems import problem_response, status_of
from attune_controller.http.protocol import PEER
from attune_controller.identity.agents import AgentCertificates
from attune_controller.identity.errors import CertificateRefused, CredentialMissing, ScopeMissing
from attune_core.errors import AttuneError, Blame
from attune_core.safe_text import safe_text
from attune_core.wire.api import Scope as TokenScope

if TYPE_CHECKING:
    from attune_controller.http.parts import Parts
    from attune_controller.http.row import Row
    from attune_controller.identity.tokens import ApiTokens, Caller

log = structlog.get_logger(__name__)

#: Names of requests, for logs and answers: unlike those of an earlier life of the controller, and no secret.
_LIFE, _NUMBERS = secrets.token_hex(4), itertools.count(1)
#: Headers of every answer of the public listener.
_ALWAYS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
_OURS = frozenset({b"x-request-id", *(name for name, _ in _ALWAYS)})


class GuardedRoute:
    """The ASGI application of one row."""

    def __init__(self, row: "Row", parts: "Parts") -> None:
        """Take the row and what its endpoint works with."""
        self.row, self._parts = row, parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        request, request_id = Request(scope, receive, send), _next_id()
        try:
            response = await self._answer(request, request_id)
        except ClientDisconnect:
            log.debug("client_gone", request=request_id)
            return
        except Exception as error:  # noqa: BLE001 - the one boundary: everything becomes a problem document and a log entry
            response = failed(error, request_id, scope)
        # An answer that is given again has these from the first time.
        own = [header for header in response.raw_headers if header[0] not in _OURS]
        response.raw_headers = [*own, (b"x-request-id", request_id.encode()), *_ALWAYS]
        await response(scope, receive, send)

    async def _answer(self, request: Request, request_id: str) -> Response:
        refuse_encoding(request.scope)
        caller = None
        if isinstance(self.row.requires, TokenScope):
            caller = await authorised(request, self._parts.tokens, self.row.requires)
        call = Call(request=request, parts=self._parts, caller=caller, id=request_id)
        key = call.idempotency_key() if self.row.repeatable else None
        if key is None:
            return await self.row.endpoint(call)
        digest = hashlib.sha256(await call.body()).hexdigest()
        # Without a caller the body, which holds a secret, keeps strangers from each other's answers.
        owner = caller.name if caller else digest
        return await self._parts.replies.once((self.row.path, owner, key), digest, lambda: self.row.endpoint(call))


class AgentGuard:
    """The agent listener: without a certificate of an enrolled agent there is nothing; its name is put into the scope's state."""

    def __init__(self, app: ASGIApp, certificates: AgentCertificates) -> None:
        """Take what answers, and who knows the certificates."""
        self._app, self._certificates = app, certificates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; `request.state.agent` is the agent's name."""
        request_id, begun = _next_id(), False

        async def tell(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            refuse_encoding(scope)
            certificate = scope.get("extensions", {}).get(PEER, {}).get("certificate")
            if not isinstance(certificate, bytes):
                raise CertificateRefused("the connection has no client certificate")
            scope.setdefault("state", {})["agent"] = await self._certificates.name(certificate)
            await self._app(scope, receive, tell)
        except ClientDisconnect:
            log.debug("client_gone", request=request_id)
        except Exception as error:  # noqa: BLE001 - the one boundary: everything becomes a problem document and a log entry
            response = failed(error, request_id, scope)
            if begun:
                return  # half an answer: uvicorn cuts the connection, which is the only way to say so
            await response(scope, receive, send)


def failed(error: Exception, request_id: str, scope: Scope) -> Response:
    """Return the problem document of an error, and log what the one who runs the controller has to know."""
    entry = log.bind(request=request_id, method=scope["method"], path=safe_text(scope["path"], limit=200))
    if not isinstance(error, AttuneError):
        entry.error("unexpected_error", exc_info=error)
        return problem_response(Unexpected(), request_id)
    serious = error.blame in {Blame.HOST, Blame.DEFECT} and status_of(error) >= 500
    (entry.error if serious else entry.info)("request_refused", code=error.code, error=safe_text(error.message, limit=500))
    return problem_response(error, request_id)


def _next_id() -> str:
    return f"{_LIFE}{next(_NUMBERS):08x}"


async def authorised(request: Request, tokens: "ApiTokens", scope: TokenScope) -> "Caller":
    """Return whose token came with the request if it has the scope; `CredentialMissing`, `CredentialUnknown`, `ScopeMissing`."""
    values = request.headers.getlist("authorization")
    kind, _, token = (values[0] if len(values) == 1 else "").partition(" ")
    if kind.lower() != "bearer" or not token or len(token) > 256:
        raise CredentialMissing
    caller = await tokens.caller(token.strip())
    if scope not in caller.scopes:
        raise ScopeMissing(f"the token {caller.name} does not have the scope {scope}")
    return caller


def refuse_encoding(scope: Scope) -> None:
    """Refuse compressed bodies: nothing is decompressed here, so no small body becomes a large one."""
    for name, value in scope["headers"]:
        if name == b"content-encoding" and value.strip().lower() != b"identity":
            raise ContentEncodingRefused
