"""GitHub's scheme: X-Hub-Signature-256 is the HMAC-SHA256 of the raw body (docs.github.com, "Validating webhook deliveries").

One of the schemes in `schemes`; only the body is signed, so nothing in the headers is believed: the event's name merely selects among
what the webhook allows.
"""

import hmac
import re
from collections.abc import Sequence

from attune_controller.hooks.errors import SignatureRefused

_SIGNATURE = re.compile(r"sha256=[0-9a-fA-F]{64}", re.ASCII)


class Github:
    """How GitHub signs and names what it delivers."""

    signature_header = "x-hub-signature-256"
    delivery_header = "x-github-delivery"
    event_header = "x-github-event"

    def claim(self, signatures: Sequence[str]) -> bytes:
        """Return what the sender claims; `SignatureRefused` unless there is exactly one well-formed signature."""
        if len(signatures) != 1 or not _SIGNATURE.fullmatch(signatures[0]):
            raise SignatureRefused("there is not exactly one X-Hub-Signature-256 of the form sha256=<64 hex digits>")
        return bytes.fromhex(signatures[0].removeprefix("sha256="))

    def check(self, claimed: bytes, secret: bytes, body: bytes) -> None:
        """Compare, in a time that says nothing about where they differ; `SignatureRefused`."""
        if not hmac.compare_digest(hmac.digest(secret, body, "sha256"), claimed):
            raise SignatureRefused("the signature does not fit the body and this webhook's secret")
