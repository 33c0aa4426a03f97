"""ServerCertificate: what the listeners show as the controller's own; kept in <state>/ca/server.pem, made anew before it ends.

Refreshed by the composition root at start and by http.tls while the controller runs; the listeners load the file.
"""

import ipaddress
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from attune_controller.identity.ca import SERVER_LIFE, Authority
from attune_controller.identity.errors import ServerNameInvalid
from attune_controller.identity.private_file import read_private, write_private
from attune_core.pki import make_key

#: Always in the certificate: the command line and agents on the same machine use these.
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")

_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.ASCII)


class ServerCertificate:
    """The server's certificate and key in one 0600 file, so that a crash never leaves a pair that does not fit."""

    def __init__(self, authority: Authority, folder: Path, names: Iterable[str]) -> None:
        """Take the CA, its folder, and the names and addresses under which the controller is reached."""
        self._authority, self.path = authority, folder / "server.pem"
        self._names = _alternative_names([*LOCAL_NAMES, *names])

    def refresh(self, now: float) -> bool:
        """Issue a new one when there is none, a third or less of its life is left, or names or CA changed; tell whether it did."""
        if self._serves(now):
            return False
        pem = make_key()
        key = load_pem_private_key(pem, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):  # make_key makes no other
            raise TypeError(type(key))
        issued = self._authority.issue_server(key.public_key(), self._names, now)
        write_private(self.path, pem + issued.certificate.encode())
        return True

    def _serves(self, now: float) -> bool:
        try:
            current = x509.load_pem_x509_certificate(read_private(self.path))
            current.verify_directly_issued_by(x509.load_pem_x509_certificate(self._authority.certificate.encode()))
            names = current.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except Exception:  # noqa: BLE001 - whatever is wrong with it, a new one is the cure, and the CA is there to make it
            return False
        left = current.not_valid_after_utc - datetime.fromtimestamp(now, UTC)
        return left > SERVER_LIFE / 3 and set(names) == set(self._names)


def _alternative_names(names: Iterable[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_general_name(name) for name in dict.fromkeys(name.strip().lower() for name in names)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        if not _HOST_NAME.fullmatch(name):
            raise ServerNameInvalid(f"{name!r} is neither a host name nor an IP address") from None
        return x509.DNSName(name)
