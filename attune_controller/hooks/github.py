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

    def begin(self, signatures: Sequence[str], secret: bytes) -> "GithubSignature":
        """Return what the body is fed to; `SignatureRefused` unless there is exactly one well-formed signature."""
        if len(signatures) != 1 or not _SIGNATURE.fullmatch(signatures[0]):
            raise SignatureRefused("there is not exactly one X-Hub-Signature-256 of the form sha256=<64 hex digits>")
        return GithubSignature(bytes.fromhex(signatures[0].removeprefix("sha256=")), secret)


class GithubSignature:
    """One signature being checked."""

    def __init__(self, expected: bytes, secret: bytes) -> None:
        """Take what the sender claims and the shared secret."""
        self._expected, self._mac = expected, hmac.new(secret, digestmod="sha256")

    def update(self, chunk: bytes) -> None:
        """Take the next bytes of the raw body."""
        self._mac.update(chunk)

    def finish(self) -> None:
        """Compare, in a time that says nothing about where they differ; `SignatureRefused`."""
        if not hmac.compare_digest(self._mac.digest(), self._expected):
            raise SignatureRefused("the signature does not fit the body and this webhook's secret")
