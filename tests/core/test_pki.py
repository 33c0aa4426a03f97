"""Keys, requests and fingerprints, held against the cryptography library and openssl's own reading of them."""

import hashlib
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from trustme import CA

from attune_core.pki import der_of, fingerprint, make_key, make_signing_request


def test_a_signing_request_names_the_agent_and_is_signed_by_its_own_p256_key() -> None:
    request = x509.load_pem_x509_csr(make_signing_request(make_key(), "web-1"))
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=web-1"
    key = request.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


def test_two_keys_are_never_the_same() -> None:
    assert make_key() != make_key()


def test_a_fingerprint_is_the_sha256_over_the_der_whichever_form_is_given() -> None:
    pem = CA().cert_pem.bytes().decode()
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    assert der_of(pem) == der
    assert fingerprint(pem) == fingerprint(der) == hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----", "-----END CERTIFICATE-----"])
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="certificate"):
        fingerprint(text)


def test_importing_the_module_does_not_load_cryptography() -> None:
    code = "import sys, attune_core.pki; raise SystemExit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
