"""A sender of signed webhooks: one kept connection for each thread, TLS to one authority, the signature of GitHub's scheme.

`path` sends with it to Attune and to its peer, so that both have the same entry. It is the standard library's client, which costs least.
"""

import hashlib
import hmac
import http.client
import json
import ssl
import threading
import time
from urllib.parse import urlsplit

#: Of a hook that lives for a minute.
SECRET = "benchmark-secret"  # noqa: S105 - of a hook that lives for a minute

#: After so many seconds without a request a connection is not trusted; servers close idle ones after five.
RESTED = 2.0


def payload(one: str) -> bytes:
    """Return a body of about 1.5 kB."""
    return json.dumps({"id": one, "padding": "x" * 1400}).encode()


class Sender:
    """Posts payloads to one address."""

    def __init__(self, url: str, authority: str) -> None:
        """Trust this authority (PEM) alone."""
        self._address = urlsplit(url)
        self._tls = ssl.create_default_context(cadata=authority)
        self._thread = threading.local()

    def __call__(self, one: str) -> None:
        """Post the payload of this id and read the answer; a refusal is an error."""
        body = payload(one)
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "content-type": "application/json",
            "x-github-event": "ping",
            "x-github-delivery": one,
            "x-hub-signature-256": f"sha256={signature}",
        }
        connection = self._connection()
        connection.request("POST", self._address.path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status not in (200, 202):
            raise RuntimeError(f"{answer.status} {said!r}")

    def _connection(self) -> http.client.HTTPSConnection:
        """Return this thread's connection; one that rested may have been closed by the server, and is made anew."""
        found: http.client.HTTPSConnection | None = getattr(self._thread, "connection", None)
        now = time.monotonic()
        if found is None or now - self._thread.used_at > RESTED:
            found = http.client.HTTPSConnection(self._address.hostname or "", self._address.port, context=self._tls, timeout=60)
            self._thread.connection = found
        self._thread.used_at = now
        return found
