"""GitHub's scheme: X-Hub-Signature-256 is the HMAC-SHA256 of the raw body (docs.github.com, "Validating webhook deliveries").

One of `table`; only the body is signed, so neither the delivery's id nor the event's name is to be believed.
"""

from attune_core.models.webhook import WebhookDocument
from attune_core.webhooks.errors import SignatureRefused
from attune_core.webhooks.mac import Mac, from_hex, mac_of
from attune_core.webhooks.scheme import Fields, Plain, Sending, single

_HEADER, _PREFIX = "x-hub-signature-256", "sha256="


class Github(Plain):
    """How GitHub signs what it delivers."""

    delivery = '${{ headers["x-github-delivery"] }}'

    def headers(self, _document: WebhookDocument, /) -> frozenset[str]:
        """Return where the signatures stand."""
        return frozenset({_HEADER, "x-hub-signature"})

    def proof(self, fields: Fields, _document: WebhookDocument, _now: float, /) -> Mac:
        """Read the one signature; its old form, over SHA-1, is none."""
        text = single(fields, _HEADER)
        if not text.startswith(_PREFIX):
            raise SignatureRefused(f"{_HEADER} does not begin with {_PREFIX}")
        return Mac(claimed=[from_hex(text.removeprefix(_PREFIX), _HEADER)])

    def sign(self, sending: Sending, _document: WebhookDocument, /) -> dict[str, str]:
        """Return GitHub's headers but for the event's name."""
        return {_HEADER: _PREFIX + mac_of(sending.secret, sending.body).hex(), "x-github-delivery": sending.delivery}
