"""What a listener and the API refuse, each with its HTTP status; answered as problem+json by `problems`, or by the protocol itself.

AttuneError
└── HttpRefusal                 ATT401
    ├── HeadersTooLarge         ATT402   431   protocol
    ├── HeadersTooSlow          ATT403   408   protocol
    ├── BodyTooLarge            ATT404   413   protocol, call
    ├── BodyTooSlow             ATT405   408   protocol
    ├── RequestMalformed        ATT406   400   protocol
    ├── TooManyConnections      ATT407   429   listener
    ├── RouteUnknown            ATT408   404   app
    ├── MethodRefused           ATT409   405   app
    ├── ContentEncodingRefused  ATT410   415   guard
    ├── ContentTypeRefused      ATT411   415   resources.events
    ├── QueryInvalid            ATT412   400   call
    ├── DocumentInvalid         ATT413   400   call
    ├── IdempotencyKeyInvalid   ATT414   400   call
    ├── IdempotencyKeyReused    ATT415   422   replies, resources.executions
    ├── EventReserved           ATT417   403   resources.events, hooks
    ├── TokenUnknown            ATT418   404   resources.credentials
    ├── Unexpected              ATT419   500   guard
    ├── EventDiffers            ATT429   409   acceptance, many
    ├── EventsRefused           ATT430   422   many
    └── TooManyWatchers         ATT774   429   resources.changes
"""

from typing import ClassVar, Self

from attune_controller.store.records.events import Acceptance, NewEvent
from attune_core.errors import AttuneError, Blame


class HttpRefusal(AttuneError):
    """The request is not answered as it was meant."""

    code, blame = "ATT401", Blame.AUTHOR
    remedy = "see the message"
    status: ClassVar[int] = 400


class HeadersTooLarge(HttpRefusal):
    """The request line and headers are larger than the listener takes."""

    code, blame, status = "ATT402", Blame.AUTHOR, 431
    remedy = "send smaller headers: at most 32 KiB together"


class HeadersTooSlow(HttpRefusal):
    """The header of a request did not arrive in time."""

    code, blame, status = "ATT403", Blame.PASSING, 408
    remedy = "send it again over a faster connection"


class BodyTooLarge(HttpRefusal):
    """The body is larger than this listener or hook takes."""

    code, blame, status = "ATT404", Blame.AUTHOR, 413
    remedy = "send a smaller body: up to 1 MiB, and up to 16 MiB of events one a line, none of them above 1 MiB"


class BodyTooSlow(HttpRefusal):
    """The body arrived more slowly than the listener waits for."""

    code, blame, status = "ATT405", Blame.PASSING, 408
    remedy = "send it again over a faster connection"


class RequestMalformed(HttpRefusal):
    """The bytes are not an HTTP/1.1 request that has one meaning only."""

    code, blame, status = "ATT406", Blame.AUTHOR, 400
    remedy = "send HTTP/1.1 with one Host, and either Content-Length or Transfer-Encoding: chunked; check any proxy on the way"


class TooManyConnections(HttpRefusal):
    """One address has more connections open than the listener allows."""

    code, blame, status = "ATT407", Blame.PASSING, 429
    remedy = "close connections or keep fewer open; the bound is in the controller's settings"


class RouteUnknown(HttpRefusal):
    """There is nothing at this path."""

    code, blame, status = "ATT408", Blame.AUTHOR, 404
    remedy = "check the path, and that the address is the listener that was meant (public or agents)"


class MethodRefused(HttpRefusal):
    """The path does not take this method."""

    code, blame, status = "ATT409", Blame.AUTHOR, 405
    remedy = "see the Allow header for the methods that it takes"


class ContentEncodingRefused(HttpRefusal):
    """The body is compressed, and nothing is decompressed here."""

    code, blame, status = "ATT410", Blame.AUTHOR, 415
    remedy = "send the body as it is, without Content-Encoding"


class ContentTypeRefused(HttpRefusal):
    """The body's media type is not the one that this path takes."""

    code, blame, status = "ATT411", Blame.AUTHOR, 415
    remedy = "send CloudEvents 1.0 with JSON data: structured, binary (ce- headers), batch, or one a line as application/x-ndjson"


class QueryInvalid(HttpRefusal):
    """A query parameter is unknown, given twice, or has a value that is not allowed."""

    code, blame, status = "ATT412", Blame.AUTHOR, 400
    remedy = "correct the parameter that the message names"


class DocumentInvalid(HttpRefusal):
    """The JSON document has an unknown key, lacks one, or has a value that is not allowed."""

    code, blame, status = "ATT413", Blame.AUTHOR, 400
    remedy = "correct the key that the message names"


class IdempotencyKeyInvalid(HttpRefusal):
    """The Idempotency-Key is not one key of 1 to 128 visible ASCII characters."""

    code, blame, status = "ATT414", Blame.AUTHOR, 400
    remedy = "send a new random key, such as a UUID, for each thing to be done, and the same one when repeating it"


class IdempotencyKeyReused(HttpRefusal):
    """The Idempotency-Key was used for another request before."""

    code, blame, status = "ATT415", Blame.AUTHOR, 422
    remedy = "take a new key for a new request"


class EventReserved(HttpRefusal):
    """The event's source or type is one that only the controller itself makes."""

    code, blame, status = "ATT417", Blame.AUTHOR, 403
    remedy = "take a source that does not begin with attune: and a trigger of a pack; run an action with POST /v1/executions"


class TokenUnknown(HttpRefusal):
    """There is no API token of this name."""

    code, blame, status = "ATT418", Blame.AUTHOR, 404
    remedy = "list what there is: GET /v1/tokens"


class Unexpected(HttpRefusal):
    """The controller made a mistake while it answered; nothing of the answer can be relied on."""

    code, blame, status = "ATT419", Blame.DEFECT, 500
    remedy = "report this with the entry in the controller's log that has the same request id"


class EventDiffers(HttpRefusal):
    """An event with this source and id was accepted before, with another type, subject or data; nothing of this one is kept."""

    code, blame, status = "ATT429", Blame.AUTHOR, 409
    remedy = "give each event an id of its own; the same id is for sending the same event again"

    @classmethod
    def of(cls, event: NewEvent, acceptance: Acceptance) -> Self:
        """Return what is told of this one."""
        return cls(f"{event.source} sent {event.id[:128]} before, as event {acceptance.position}, and with other content")


class EventsRefused(HttpRefusal):
    """Some events of the request were refused; the others are stored, and `events` says what became of each."""

    code, blame, status = "ATT430", Blame.AUTHOR, 422
    remedy = "correct the events that the answer names as refused and send them again; what was stored is not stored twice"


class TooManyWatchers(HttpRefusal):
    """As many watch what happens as the controller tells at once."""

    code, blame, status = "ATT774", Blame.PASSING, 429
    remedy = "close a dashboard, a `top` or a `watch` that nobody looks at; lists and `attune controller status` go on without"
