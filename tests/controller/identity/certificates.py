"""TLS contexts of clients, for tests of the listeners and of who is who."""

import ssl
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from attune_controller.identity.ca import Authority
from attune_core.pki import make_key
from attune_core.ports import SystemClock


def trusting(authority: str) -> ssl.SSLContext:
    """A client that trusts this CA (PEM) and nobody else, as strictly as later Pythons do by default."""
    context = ssl.create_default_context(cadata=authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def agent_context(
    authority: Authority, name: str, folder: Path, *, trust: str = "", now: float | None = None
) -> tuple[ssl.SSLContext, str]:
    """A client with an agent's certificate, and its fingerprint."""
    pem = make_key()
    key = load_pem_private_key(pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    issued = authority.issue_agent(key.public_key(), name, SystemClock().now() if now is None else now)
    place = folder / f"{issued.fingerprint[:8]}.pem"
    place.write_bytes(pem + issued.certificate.encode())
    context = trusting(trust or authority.certificate)
    context.load_cert_chain(place)
    return context, issued.fingerprint
