"""Authority: the controller's own certificate authority, made at first start in <state>/ca; it vouches for agents and for the controller.

Opened by the composition root; used by enrolment (agents' certificates), server_certificate and the agent listener (trust).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from attune_controller.identity.errors import AuthorityUnusable
from attune_controller.identity.private_file import FileExposed, read_private, write_private
from attune_core.pki import AGENT_URN, fingerprint

AUTHORITY_LIFE = timedelta(days=3650)
AGENT_LIFE = timedelta(days=30)
SERVER_LIFE = timedelta(days=90)
#: A host whose clock is a little behind must not find its new certificate "not yet valid".
SKEW = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A new certificate: PEM, sha256 (hex) over its DER, end of life in seconds since the epoch."""

    certificate: str
    fingerprint: str
    expires_at: float


class Authority:
    """The CA's key and certificate; the key never leaves this object."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        """Take a pair that belongs together; `open_authority` makes or reads it."""
        self._key, self._certificate = key, certificate
        self.certificate = certificate.public_bytes(Encoding.PEM).decode()
        self.fingerprint = fingerprint(certificate.public_bytes(Encoding.DER))

    def issue_agent(self, key: ec.EllipticCurvePublicKey, name: str, now: float) -> Issued:
        """Return a client certificate whose one identity is `urn:attune:agent:<name>`; nothing else of a request is taken over."""
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(AGENT_URN + name)])
        draft = _begin(name, key, _moment(now), self._end(now, AGENT_LIFE))
        return self._sign(draft, names, ExtendedKeyUsageOID.CLIENT_AUTH)

    def issue_server(self, key: ec.EllipticCurvePublicKey, names: x509.SubjectAlternativeName, now: float) -> Issued:
        """Return a server certificate for these host names and addresses."""
        draft = _begin("attune-controller", key, _moment(now), self._end(now, SERVER_LIFE))
        return self._sign(draft, names, ExtendedKeyUsageOID.SERVER_AUTH)

    def _end(self, now: float, life: timedelta) -> datetime:
        return min(_moment(now) + life, self._certificate.not_valid_after_utc)

    def _sign(self, draft: x509.CertificateBuilder, names: x509.SubjectAlternativeName, usage: x509.ObjectIdentifier) -> Issued:
        certificate = (
            draft.issuer_name(self._certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(names, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Issued(
            certificate=certificate.public_bytes(Encoding.PEM).decode(),
            fingerprint=fingerprint(certificate.public_bytes(Encoding.DER)),
            expires_at=certificate.not_valid_after_utc.timestamp(),
        )


def open_authority(folder: Path, now: float) -> Authority:
    """Read the CA from <folder>/authority.pem (key and certificate, 0600), or make it at the first start.

    One file, so that a crash leaves both or neither. `AuthorityUnusable` when it is there and cannot be trusted: a new CA instead of a
    damaged one would silently cut off every agent.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = folder / "authority.pem"
    try:
        authority = _read_authority(read_private(place), place)
    except FileNotFoundError:
        authority = _make_authority(place, now)
    except (OSError, FileExposed) as error:
        raise AuthorityUnusable(str(error)) from error
    # The public half for people and `attune login --state`; only a copy, so it is written whenever it is not the same.
    copy = folder / "ca.pem"
    if not copy.is_file() or copy.read_text() != authority.certificate:
        write_private(copy, authority.certificate.encode())
    return authority


def _make_authority(place: Path, now: float) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _self_signed(key, now)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(place, secret + certificate.public_bytes(Encoding.PEM))
    return Authority(key, certificate)


def _read_authority(content: bytes, place: Path) -> Authority:
    try:
        key = load_pem_private_key(content, password=None)
        certificate = x509.load_pem_x509_certificate(content)
    except (ValueError, TypeError):
        # `from None`: the cause may quote what it could not read, which is the key.
        raise AuthorityUnusable(f"{place} does not hold a key and a certificate in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise AuthorityUnusable(f"the key and the certificate in {place} do not belong together")
    return Authority(key, certificate)


def _self_signed(key: ec.EllipticCurvePrivateKey, now: float) -> x509.Certificate:
    start = _moment(now)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # The identifier in the name keeps two controllers' CAs apart where both are trusted.
    name = f"Attune CA {identifier.digest.hex()[:8]}"
    return (
        _begin(name, key.public_key(), start, start + AUTHORITY_LIFE)
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _begin(name: str, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - SKEW)
        .not_valid_after(end)
    )


def _moment(now: float) -> datetime:
    """Return the time in whole seconds, as certificates have it."""
    return datetime.fromtimestamp(int(now), UTC)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
