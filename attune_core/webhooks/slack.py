"""Slack's scheme, version 0: X-Slack-Signature is `v0=` and the HMAC-SHA256 of `v0:<time>:<body>` (docs.slack.dev, "Verifying requests").

One of `table`. Slack calls for commands, buttons and events alike, asks once whether requests are verified (`url_verification`), and shows
people what is answered: so it gets an empty 200.
"""

from attune_core.models.webhook import WebhookDocument
from attune_core.values import JsonValue
from attune_core.webhooks.errors import SignatureRefused
from attune_core.webhooks.mac import Mac, fresh, from_hex, mac_of
from attune_core.webhooks.scheme import Fields, Plain, Sending, single

_HEADER, _TIME, _PREFIX = "x-slack-signature", "x-slack-request-timestamp", "v0="


class Slack(Plain):
    """How Slack signs what it sends."""

    answers_empty = True
    #: Events have an id that is the same for each attempt; a command's form never is the same twice.
    delivery = '${{ has(body.event_id) ? string(body.event_id) : "" }}'

    def headers(self, _document: WebhookDocument, /) -> frozenset[str]:
        """Return where the signature stands."""
        return frozenset({_HEADER})

    def timed(self, _document: WebhookDocument, /) -> bool:
        """Tell that the time is signed."""
        return True

    def proof(self, fields: Fields, document: WebhookDocument, now: float, /) -> Mac:
        """Read the time and the signature."""
        stamp, text = single(fields, _TIME), single(fields, _HEADER)
        fresh(stamp, now=now, tolerance=document.tolerance)
        if not text.startswith(_PREFIX):
            raise SignatureRefused(f"{_HEADER} does not begin with {_PREFIX}")
        return Mac(claimed=[from_hex(text.removeprefix(_PREFIX), _HEADER)], before=_before(stamp))

    def challenge(self, body: JsonValue, /) -> str | None:
        """Return the challenge of a `url_verification`."""
        if not isinstance(body, dict) or body.get("type") != "url_verification":
            return None
        text = body.get("challenge")
        return text if isinstance(text, str) else None

    def sign(self, sending: Sending, _document: WebhookDocument, /) -> dict[str, str]:
        """Return Slack's headers."""
        stamp = str(int(sending.now))
        return {_TIME: stamp, _HEADER: _PREFIX + mac_of(sending.secret, sending.body, before=_before(stamp)).hex()}


def _before(stamp: str) -> bytes:
    return f"v0:{stamp}:".encode()
