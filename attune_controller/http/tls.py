"""TLS of the two listeners: their contexts, and how a certificate is changed while they go on listening.

Called by the composition root; `keep_fresh` runs beside the listeners.
"""

import ipaddress
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from attune_controller.identity.errors import PlainHttpExposed, TlsFilesUnusable
from attune_core.ports import Clock

#: Seconds between two looks at the certificates' files.
REFRESH_INTERVAL = 3600.0


class ServedCertificate:
    """A listener's context and the files it serves from; `key` None: the key stands in the certificate's file."""

    def __init__(self, context: ssl.SSLContext, certificate: Path, key: Path | None = None) -> None:
        """Load the files; `TlsFilesUnusable`."""
        self.context, self.path, self._key = context, certificate, key
        self._seen = self._stamp()
        self._load(context)

    def reload(self) -> bool:
        """Serve new handshakes from the files as they are now, if they changed and belong together; tell whether they changed.

        `TlsFilesUnusable` leaves the old certificate in service and is tried again at the next call.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        # A pair that does not fit would leave the live context with half of it, so a spare one tries it first.
        self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        self._load(self.context)
        self._seen = stamp
        return True

    def _load(self, context: ssl.SSLContext) -> None:
        try:
            # A password would be asked for on the terminal: there is none.
            context.load_cert_chain(self.path, self._key, password=_no_password)
        except (OSError, ValueError) as error:
            raise TlsFilesUnusable(f"{self.path}: {error}") from error

    def _stamp(self) -> tuple[tuple[int, int, int], ...]:
        try:
            found = [path.stat() for path in (self.path, self._key or self.path)]
        except OSError as error:
            raise TlsFilesUnusable(f"{error.filename}: {error.strerror}") from error
        return tuple((stat.st_mtime_ns, stat.st_ino, stat.st_size) for stat in found)


def public_tls(certificate: Path, key: Path | None = None) -> ServedCertificate:
    """Return what the public listener serves: TLS 1.2 at least, because senders of webhooks are not ours."""
    return ServedCertificate(_context(ssl.TLSVersion.TLSv1_2), certificate, key)


def agents_tls(certificate: Path, authority: str) -> ServedCertificate:
    """Return what the agent listener serves: TLS 1.3, and no handshake without a certificate of this very CA (PEM)."""
    context = _context(ssl.TLSVersion.TLSv1_3)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=authority)
    return ServedCertificate(context, certificate)


def require_loopback(host: str) -> None:
    """Refuse plain HTTP anywhere but on loopback; `PlainHttpExposed`."""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise PlainHttpExposed(f"{host} is not a loopback address")


async def keep_fresh(
    renew: Callable[[float], bool], served: Sequence[ServedCertificate], clock: Clock, interval: float = REFRESH_INTERVAL
) -> None:
    """For ever: renew the controller's own certificate when it is due, and serve what files others changed."""
    log = structlog.get_logger(__name__)
    while True:
        await clock.sleep(interval)
        for step in (lambda: renew(clock.now()), *(certificate.reload for certificate in served)):
            try:
                step()
            except (TlsFilesUnusable, OSError) as error:
                log.error("certificate_not_renewed", error=str(error))


def _context(minimum: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = minimum
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted")
