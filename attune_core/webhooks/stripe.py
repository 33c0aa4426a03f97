"""Stripe's scheme: Stripe-Signature is `t=<time>,v1=<hex>,...`, each v1 the HMAC-SHA256 of `<time>.<body>` (docs.stripe.com, "Webhooks").

One of `table`; there are several v1 while an endpoint's secret changes. Other versions, v0 is for tests, prove nothing.
"""

from attune_core.models.webhook import WebhookDocument
from attune_core.webhooks.errors import SignatureRefused
from attune_core.webhooks.mac import MOST, Mac, fresh, from_hex, mac_of
from attune_core.webhooks.scheme import Fields, Plain, Sending, single

_HEADER = "stripe-signature"


class Stripe(Plain):
    """How Stripe signs what it sends."""

    delivery = "${{ string(body.id) }}"

    def headers(self, _document: WebhookDocument, /) -> frozenset[str]:
        """Return where the signature stands."""
        return frozenset({_HEADER})

    def timed(self, _document: WebhookDocument, /) -> bool:
        """Tell that the time is signed."""
        return True

    def proof(self, fields: Fields, document: WebhookDocument, now: float, /) -> Mac:
        """Read the one time and every v1."""
        parts = [part.partition("=") for part in single(fields, _HEADER).split(",")]
        times = [value for name, _, value in parts if name.strip() == "t"]
        claimed = [value for name, _, value in parts if name.strip() == "v1"]
        if len(times) != 1 or not 0 < len(claimed) <= MOST:
            raise SignatureRefused(f"{_HEADER} does not have one t and 1 to {MOST} v1")
        fresh(times[0], now=now, tolerance=document.tolerance)
        return Mac(claimed=[from_hex(text, _HEADER) for text in claimed], before=f"{times[0]}.".encode())

    def sign(self, sending: Sending, _document: WebhookDocument, /) -> dict[str, str]:
        """Return Stripe's header."""
        stamp = str(int(sending.now))
        return {_HEADER: f"t={stamp},v1={mac_of(sending.secret, sending.body, before=f'{stamp}.'.encode()).hex()}"}
