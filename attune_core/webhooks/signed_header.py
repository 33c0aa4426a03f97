"""An HMAC in a header, as the webhook's document describes it: for every sender that is none of the named ones.

One of `table`; what is signed, how it is written and whether there is a time stands under `hmac:`.
"""

import base64
import binascii

from attune_core.models.webhook import SignedHeader as Declared
from attune_core.models.webhook import WebhookDocument
from attune_core.webhooks.errors import SignatureRefused
from attune_core.webhooks.mac import Mac, fresh, from_hex, mac_of
from attune_core.webhooks.scheme import Fields, Plain, Sending, single

_SIZES = {"sha256": 32, "sha512": 64}


class SignedHeader(Plain):
    """A declared way of signing."""

    def headers(self, document: WebhookDocument, /) -> frozenset[str]:
        """Return where the signature stands."""
        return frozenset({_declared(document).header.lower()})

    def timed(self, document: WebhookDocument, /) -> bool:
        """Tell whether a header with the time is declared."""
        return document.hmac is not None and document.hmac.timestamp is not None

    def proof(self, fields: Fields, document: WebhookDocument, now: float, /) -> Mac:
        """Read the time, if there is one, and the signature."""
        declared = _declared(document)
        stamp = ""
        if declared.timestamp is not None:
            stamp = single(fields, declared.timestamp.lower())
            fresh(stamp, now=now, tolerance=document.tolerance)
        text = single(fields, declared.header.lower())
        if not text.startswith(declared.prefix):
            raise SignatureRefused(f"{declared.header} does not begin with {declared.prefix}")
        before, after = declared.around(stamp)
        claimed = _read(text.removeprefix(declared.prefix), declared)
        return Mac(claimed=[claimed], before=before, after=after, algorithm=declared.algorithm)

    def sign(self, sending: Sending, document: WebhookDocument, /) -> dict[str, str]:
        """Return the header with the signature, and that with the time."""
        declared, stamp = _declared(document), str(int(sending.now))
        before, after = declared.around(stamp)
        found = mac_of(sending.secret, sending.body, before=before, after=after, algorithm=declared.algorithm)
        text = found.hex() if declared.encoding == "hex" else base64.b64encode(found).decode()
        timed = {declared.timestamp: stamp} if declared.timestamp is not None else {}
        return {**timed, declared.header: declared.prefix + text}


def _declared(document: WebhookDocument) -> Declared:
    if document.hmac is None:
        raise AssertionError("the catalog lets no `verify: hmac` without `hmac` through")
    return document.hmac


def _read(text: str, declared: Declared) -> bytes:
    size = _SIZES[declared.algorithm]
    if declared.encoding == "hex":
        return from_hex(text, declared.header, size=size)
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureRefused(f"{declared.header} is not base64") from error
    if len(found) != size:
        raise SignatureRefused(f"{declared.header} has {len(found)} bytes instead of {size}")
    return found
