"""Standard Webhooks: webhook-signature has `v1,<base64>` of the HMAC-SHA256 of `<id>.<time>.<body>` (standardwebhooks.com, version 1.0.0).

One of `table`; GitLab's signing tokens are of it too. Id and time are signed, so a request is one delivery and no other. Signatures of
other versions, such as v1a with a public key, are passed over.
"""

import base64
import binascii
import re

from attune_core.models.webhook import WebhookDocument
from attune_core.webhooks.errors import SecretMalformed, SignatureRefused
from attune_core.webhooks.mac import MOST, Mac, fresh, mac_of
from attune_core.webhooks.scheme import Fields, Plain, Sending, single

_ID, _TIME, _HEADER, _SECRET = "webhook-id", "webhook-timestamp", "webhook-signature", b"whsec_"
#: A full stop would let what is signed be read as another id, time and body.
_PLAIN = re.compile(r"[!-\-/-~]{1,128}", re.ASCII)


class StandardWebhooks(Plain):
    """How senders sign that keep to the specification."""

    delivery = '${{ headers["webhook-id"] }}'

    def headers(self, _document: WebhookDocument, /) -> frozenset[str]:
        """Return where the signatures stand."""
        return frozenset({_HEADER})

    def timed(self, _document: WebhookDocument, /) -> bool:
        """Tell that the time is signed."""
        return True

    def proof(self, fields: Fields, document: WebhookDocument, now: float, /) -> Mac:
        """Read id, time and the signatures of version 1."""
        delivery, stamp, texts = single(fields, _ID), single(fields, _TIME), single(fields, _HEADER).split(" ")
        if not _PLAIN.fullmatch(delivery):
            raise SignatureRefused(f"{_ID} is not an id of 1 to 128 characters without a full stop")
        claimed = [text.removeprefix("v1,") for text in texts if text.startswith("v1,")]
        if not 0 < len(claimed) <= MOST:
            raise SignatureRefused(f"{_HEADER} does not have 1 to {MOST} signatures of the version v1")
        fresh(stamp, now=now, tolerance=document.tolerance)
        return Mac(claimed=[_from_base64(text) for text in claimed], before=_before(delivery, stamp), once=False, key=key_of)

    def sign(self, sending: Sending, _document: WebhookDocument, /) -> dict[str, str]:
        """Return the three headers."""
        stamp = str(int(sending.now))
        found = mac_of(key_of(sending.secret), sending.body, before=_before(sending.delivery, stamp))
        return {_ID: sending.delivery, _TIME: stamp, _HEADER: f"v1,{base64.b64encode(found).decode()}"}


def key_of(secret: bytes) -> bytes:
    """Return the key: the secret is base64, with or without the letters that say what it is."""
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise SecretMalformed("the secret is not whsec_ and base64")
    return key


def _from_base64(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureRefused(f"{_HEADER} has a v1 that is not base64") from error
    if len(found) != 32:
        raise SignatureRefused(f"{_HEADER} has a v1 of {len(found)} bytes instead of 32")
    return found


def _before(delivery: str, stamp: str) -> bytes:
    return f"{delivery}.{stamp}.".encode()
