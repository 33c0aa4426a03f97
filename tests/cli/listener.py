"""A listener that answers every request alike, with the certificate, the clock and the words that a test wants; for tests of commands."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import trustme


class _Answer(BaseHTTPRequestHandler):
    """One answer to everything."""

    protocol_version = "HTTP/1.1"
    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b""
    skew: ClassVar[float] = 0.0
    date: ClassVar[str] = ""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_POST = do_DELETE = do_GET  # noqa: N815 - names of the library

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - the signature is the library's
        return self.date or formatdate(datetime.now(UTC).timestamp() + self.skew, usegmt=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


class _Quiet(ThreadingHTTPServer):
    """Handshakes that fail are what is tested."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@contextmanager
def listener(
    certificate: trustme.LeafCert | None = None, *, status: int = 200, body: bytes = b"{}", skew: float = 0.0, date: str = ""
) -> Iterator[int]:
    """Listen, with TLS if there is a certificate; give the port."""
    answer = type("Answer", (_Answer,), {"status": status, "body": body, "skew": skew, "date": date})
    server = _Quiet(("127.0.0.1", 0), answer, bind_and_activate=True)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certificate_for(authority: trustme.CA, *names: str, begins_in: float = -1.0, ends_in: float = 60.0) -> trustme.LeafCert:
    """Return one that is valid between these days from now."""
    now = datetime.now(UTC)
    return authority.issue_cert(*names, not_before=now + timedelta(days=begins_in), not_after=now + timedelta(days=ends_in))


def pem_of(authority: trustme.CA) -> str:
    """Return the authority's certificate."""
    return authority.cert_pem.bytes().decode()
