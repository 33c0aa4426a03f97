"""No verification: whoever reaches the address makes events; only with `unverified: true` in the document, and never without a warning.

One of `table`; for networks where something before the controller has verified the sender.
"""

from attune_core.models.webhook import WebhookDocument
from attune_core.webhooks.scheme import Fields, Plain, Sending


class Believed:
    """A request that is believed."""

    def holds(self, _secret: bytes, _body: bytes, /) -> bool:
        """Believe it."""
        return True

    def signed(self, _body: bytes, /) -> str:
        """Return nothing: nothing is signed."""
        return ""


class Unverified(Plain):
    """Everybody is believed."""

    keyed = False

    def headers(self, _document: WebhookDocument, /) -> frozenset[str]:
        """Return nothing."""
        return frozenset()

    def proof(self, _fields: Fields, _document: WebhookDocument, _now: float, /) -> Believed:
        """Ask for nothing."""
        return Believed()

    def sign(self, _sending: Sending, _document: WebhookDocument, /) -> dict[str, str]:
        """Sign nothing."""
        return {}
