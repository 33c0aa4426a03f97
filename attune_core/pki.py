"""Keys, signing requests and fingerprints: the part of X.509 that agent, command line and controller share.

Called by the agent's join, by `attune login` and by attune_controller.identity, which does the issuing. The only module of the core
that uses `cryptography`, and only inside its functions: programs without it can import everything else.
"""

import base64
import binascii
import hashlib

#: What identifies an agent: the one URI in its certificate's subjectAltName is this plus its name.
AGENT_URN = "urn:attune:agent:"

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def make_key() -> bytes:
    """Return a new EC P-256 private key as unencrypted PKCS #8 PEM; whoever stores it does so with mode 0600."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def make_signing_request(key: bytes, name: str) -> bytes:
    """Return a PKCS #10 request in PEM for the subject CN=`name`, signed by the PEM private key (RFC 2986)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

    private = load_pem_private_key(key, password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise ValueError("the key of a signing request is EC P-256, as make_key makes it")
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(private, hashes.SHA256())
    return request.public_bytes(Encoding.PEM)


def der_of(pem: str) -> bytes:
    """Return the DER of the first certificate in a PEM text; `ValueError` when there is none."""
    start = pem.find(_BEGIN)
    end = pem.find(_END, start)
    if start < 0 or end < 0:
        raise ValueError("there is no PEM certificate in the text")
    try:
        return base64.b64decode("".join(pem[start + len(_BEGIN) : end].split()), validate=True)
    except binascii.Error as error:
        raise ValueError("the PEM certificate is not valid base64") from error


def fingerprint(certificate: str | bytes) -> str:
    """Return the sha256 (64 hex digits) over a certificate's DER; a text is taken as PEM, bytes as DER."""
    return hashlib.sha256(der_of(certificate) if isinstance(certificate, str) else certificate).hexdigest()


def expires_at(certificate: str) -> float:
    """Return the end of a PEM certificate's validity in seconds since the epoch; `ValueError` when it is none."""
    from cryptography import x509

    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc.timestamp()
