"""What a scheme of verification is: a Proof read from the headers before the body, judged when the body is there.

Implemented by one module each, listed in `table`; asked by the controller's hooks, by the catalog's checks and by `attune webhook send`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from attune_core.models.webhook import WebhookDocument
from attune_core.values import JsonValue
from attune_core.webhooks.errors import SignatureRefused

#: Headers of a request: name in lower case -> its values.
Fields: TypeAlias = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What a sender is about to send."""

    body: bytes
    secret: bytes
    now: float
    delivery: str


class Proof(Protocol):
    """What a request claims to be proven by."""

    def holds(self, secret: bytes, body: bytes) -> bool:
        """Tell whether it is proven, in a time that says nothing of the secret; `SecretMalformed` says nothing of it either."""
        ...

    def signed(self, body: bytes) -> str:
        """Return the digest of what is signed, which may not come again under another id; empty where the id is signed, or nothing."""
        ...


class Scheme(Protocol):
    """One way to prove who sent a request."""

    @property
    def keyed(self) -> bool:
        """Whether there is a secret that sender and controller share."""
        ...

    @property
    def delivery(self) -> str:
        """The template, over `headers` and `body`, of a delivery's id; where it gives an empty text, the body's digest is the id."""
        ...

    @property
    def answers_empty(self) -> bool:
        """Whether the sender wants 200 and no document."""
        ...

    def headers(self, document: WebhookDocument, /) -> frozenset[str]:
        """Return the headers, in lower case, that no event may show."""
        ...

    def timed(self, document: WebhookDocument, /) -> bool:
        """Tell whether the sender signs the time."""
        ...

    def proof(self, fields: Fields, document: WebhookDocument, now: float, /) -> Proof:
        """Read the claim before the body is read; `SignatureRefused` without a well-formed one, `DeliveryStale` for an old one."""
        ...

    def challenge(self, body: JsonValue, /) -> str | None:
        """Return the text by which the sender wants to be shown that its requests are verified here; None for an event."""
        ...

    def sign(self, sending: Sending, document: WebhookDocument, /) -> dict[str, str]:
        """Return the headers with which the sender of this scheme would send a body."""
        ...


class Plain:
    """What most schemes have in common."""

    keyed, answers_empty, delivery = True, False, ""

    def timed(self, _document: WebhookDocument, /) -> bool:
        """Tell that no time is signed."""
        return False

    def challenge(self, _body: JsonValue, /) -> str | None:
        """Know no challenge: every body is an event."""
        return None


def single(fields: Fields, name: str) -> str:
    """Return a header's only value; `SignatureRefused`."""
    values = fields.get(name, ())
    if len(values) != 1:
        raise SignatureRefused(f"there is not exactly one {name}")
    return values[0]
