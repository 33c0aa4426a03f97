"""A token: the sender shows the secret itself, as a bearer or in a header that the document names.

One of `table`. Who reads one request has the token, so nothing here keeps a request from being sent again under another id.
"""

import hmac
from dataclasses import dataclass

from attune_core.models.webhook import WebhookDocument
from attune_core.webhooks.errors import SignatureRefused
from attune_core.webhooks.scheme import Fields, Plain, Sending, single

_AUTHORIZATION = "authorization"


@dataclass(frozen=True)
class Shown:
    """A secret that a header shows."""

    token: str

    def holds(self, secret: bytes, _body: bytes, /) -> bool:
        """Tell whether it is the secret."""
        return hmac.compare_digest(self.token.encode("latin-1"), secret)

    def signed(self, _body: bytes, /) -> str:
        """Return nothing: no byte of the request is signed."""
        return ""


class Token(Plain):
    """A token in a header."""

    def headers(self, document: WebhookDocument, /) -> frozenset[str]:
        """Return where the token stands."""
        return frozenset({_header(document)})

    def proof(self, fields: Fields, document: WebhookDocument, _now: float, /) -> Shown:
        """Read the token."""
        header = _header(document)
        text = single(fields, header)
        if document.token is not None:
            return Shown(text)
        kind, _, token = text.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise SignatureRefused(f"{header} does not have the form: Bearer TOKEN")
        return Shown(token)

    def sign(self, sending: Sending, document: WebhookDocument, /) -> dict[str, str]:
        """Return the header."""
        token = sending.secret.decode("latin-1")
        return {_header(document): f"Bearer {token}" if document.token is None else token}


def _header(document: WebhookDocument) -> str:
    return _AUTHORIZATION if document.token is None else document.token.header.lower()
