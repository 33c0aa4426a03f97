"""Problems: every refusal as RFC 9457 problem+json, with the project's code and remedy and never a traceback.

Called by the guards (as a response) and by the protocol and the listener (as raw bytes, before there is a request).
"""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import Response

from attune_controller import errors as controller
from attune_controller.http.errors import HttpRefusal
from attune_controller.identity import errors as identity
from attune_controller.store import errors as store
from attune_core.errors import AttuneError, Blame
from attune_core.safe_text import safe_text
from attune_core.webhooks import errors as webhooks
from attune_core.wire.api import Failure

MEDIA_TYPE = "application/problem+json"

#: Errors of other packages whose status does not follow from who is to blame.
STATUS: Mapping[type[AttuneError], int] = {
    identity.CredentialMissing: 401,
    identity.CredentialUnknown: 401,
    identity.ScopeMissing: 403,
    identity.CertificateRefused: 403,
    store.JoinTokenRefused: 403,
    store.EventUnknown: 404,
    store.ExecutionUnknown: 404,
    store.AgentUnknown: 404,
    store.ReplayedBody: 409,
    store.NotCancellable: 409,
    store.NotRequeueable: 409,
    store.NotADeadLetter: 409,
    store.TokenExists: 409,
    store.StoreBusy: 429,
    store.StoreFull: 503,
    store.StoreFailed: 503,
    webhooks.SignatureRefused: 401,
    webhooks.DeliveryStale: 401,
    webhooks.EventNotAllowed: 403,
    controller.ProtocolUnknown: 426,
    controller.SessionOver: 409,
    controller.AgentCloned: 409,
    controller.AgentForgotten: 403,
    controller.FrameRefused: 400,
    controller.PackUnknown: 404,
    controller.TooManyQuestions: 429,
    controller.BacklogFull: 429,
    controller.SourceTooFast: 429,
    controller.QueueUnknown: 404,
    controller.ActionUnknown: 404,
    controller.SensorUnknown: 404,
    controller.RuleUnknown: 404,
    controller.TimerUnknown: 404,
    controller.AgentSilent: 504,
}

_BY_BLAME = {Blame.AUTHOR: 400, Blame.HOST: 500, Blame.PASSING: 503, Blame.DEFECT: 500}


def status_of(error: AttuneError) -> int:
    """Return the HTTP status of an error."""
    if isinstance(error, HttpRefusal):
        return error.status
    for kind in type(error).__mro__:
        if status := STATUS.get(kind):
            return status
    return _BY_BLAME[error.blame]


def failure_of(error: AttuneError, request: str = "") -> Failure:
    """Return the document; `request` is the request's id."""
    cause = (type(error).__doc__ or "").strip().splitlines()[0]
    return Failure(
        type=f"urn:attune:error:{error.code}",
        title=cause,
        status=status_of(error),
        detail=safe_text(error.message, limit=2000),
        code=error.code,
        remedy=error.hint,
        instance=f"urn:attune:request:{request}" if request else "",
    )


def problem_response(error: AttuneError, request: str = "", *, told: Failure | None = None) -> Response:
    """Return the answer to a request that met this error; `told` is a document that says more than the error's own."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        headers["retry-after"] = str(error.retry_after) if isinstance(error, controller.SourceTooFast) else "1"
    if status == HTTPStatus.UNAUTHORIZED and isinstance(error, identity.IdentityError):
        headers["www-authenticate"] = "Bearer"
    return Response((told or failure_of(error, request)).model_dump_json(), status, headers, MEDIA_TYPE)


def raw_problem(error: HttpRefusal) -> bytes:
    """Return a whole HTTP/1.1 response that also ends the connection, for refusals before there is a request."""
    body = failure_of(error).model_dump_json().encode()
    head = (
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n"
        f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
