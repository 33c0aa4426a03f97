"""The controller's CA: made once, kept private, never replaced silently; and what it issues, held against openssl's own judgement."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from attune_controller.identity.ca import Authority, open_authority
from attune_controller.identity.errors import AuthorityUnusable, ServerNameInvalid
from attune_controller.identity.private_file import FileExposed, read_private, write_private
from attune_controller.identity.server_certificate import ServerCertificate
from attune_core.pki import expires_at, fingerprint
from attune_core.ports import SystemClock

NOW = SystemClock().now()
DAY = 86_400


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ca"


@pytest.fixture
def authority(folder: Path) -> Authority:
    return open_authority(folder, NOW)


def _public_key() -> ec.EllipticCurvePublicKey:
    return ec.generate_private_key(ec.SECP256R1()).public_key()


def _openssl_verify(tmp_path: Path, authority: str, certificate: str, purpose: str) -> str:
    (tmp_path / "a.pem").write_text(authority)
    (tmp_path / "c.pem").write_text(certificate)
    argv = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", str(tmp_path / "a.pem"), str(tmp_path / "c.pem")]
    found = subprocess.run(argv, capture_output=True, text=True, check=False)
    return found.stdout + found.stderr


def test_the_authority_is_made_once_and_found_again(folder: Path, authority: Authority) -> None:
    again = open_authority(folder, NOW + 1000)
    assert again.certificate == authority.certificate
    assert authority.fingerprint == fingerprint(authority.certificate)
    assert expires_at(authority.certificate) == pytest.approx(NOW + 3650 * DAY, abs=2)
    assert (folder / "ca.pem").read_text() == authority.certificate


def test_nobody_else_can_read_its_key(folder: Path, authority: Authority) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "authority.pem").stat().st_mode) == 0o600
    assert "PRIVATE" not in (folder / "ca.pem").read_text()
    assert "PRIVATE" not in repr(vars(authority))


def test_two_controllers_have_authorities_of_different_names(authority: Authority, tmp_path: Path) -> None:
    other = open_authority(tmp_path / "other", NOW)
    names = {x509.load_pem_x509_certificate(one.certificate.encode()).subject for one in (authority, other)}
    assert len(names) == 2


@pytest.mark.parametrize("content", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_damaged_authority_stops_the_start_instead_of_being_replaced(folder: Path, authority: Authority, content: bytes) -> None:
    write_private(folder / "authority.pem", content)
    with pytest.raises(AuthorityUnusable) as refused:
        open_authority(folder, NOW)
    assert refused.value.__cause__ is None
    assert (folder / "authority.pem").read_bytes() == content


def test_a_key_of_another_authority_stops_the_start(folder: Path, authority: Authority, tmp_path: Path) -> None:
    other = open_authority(tmp_path / "other", NOW)
    key = (folder / "authority.pem").read_bytes().partition(b"-----BEGIN CERTIFICATE")[0]
    write_private(folder / "authority.pem", key + other.certificate.encode())
    with pytest.raises(AuthorityUnusable, match="belong together"):
        open_authority(folder, NOW)


def test_a_key_that_others_can_read_stops_the_start(folder: Path, authority: Authority) -> None:
    (folder / "authority.pem").chmod(0o640)
    with pytest.raises(AuthorityUnusable, match="readable by others"):
        open_authority(folder, NOW)


def test_an_agents_certificate_is_a_client_certificate_with_one_identity_for_thirty_days(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue_agent(_public_key(), "web-1", NOW)
    certificate = x509.load_pem_x509_certificate(issued.certificate.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.UniformResourceIdentifier("urn:attune:agent:web-1")]
    assert issued.fingerprint == fingerprint(issued.certificate)
    assert issued.expires_at == pytest.approx(NOW + 30 * DAY, abs=2)
    assert expires_at(issued.certificate) == issued.expires_at
    assert _openssl_verify(tmp_path, authority.certificate, issued.certificate, "sslclient").endswith("OK\n")
    assert "error" in _openssl_verify(tmp_path, authority.certificate, issued.certificate, "sslserver")


def test_nothing_issued_outlives_the_authority(authority: Authority) -> None:
    issued = authority.issue_agent(_public_key(), "web-1", NOW + 3640 * DAY)
    assert issued.expires_at == expires_at(authority.certificate)


def test_the_servers_certificate_is_no_client_certificate_and_has_all_its_names(authority: Authority, folder: Path, tmp_path: Path) -> None:
    server = ServerCertificate(authority, folder, ["Attune.Example", "192.0.2.7", "2001:db8::1", "localhost"])
    assert server.refresh(NOW)
    pem = server.path.read_text()
    certificate = pem[pem.index("-----BEGIN CERTIFICATE") :]
    names = x509.load_pem_x509_certificate(certificate.encode()).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "attune.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1", "192.0.2.7", "2001:db8::1"]
    assert _openssl_verify(tmp_path, authority.certificate, certificate, "sslserver").endswith("OK\n")
    assert "error" in _openssl_verify(tmp_path, authority.certificate, certificate, "sslclient")
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o600


def test_the_servers_certificate_is_made_anew_only_when_it_must_be(authority: Authority, folder: Path, tmp_path: Path) -> None:
    server = ServerCertificate(authority, folder, ["attune.example"])
    assert server.refresh(NOW)
    assert not server.refresh(NOW + 59 * DAY)
    assert server.refresh(NOW + 61 * DAY)
    assert not ServerCertificate(authority, folder, ["ATTUNE.example", "127.0.0.1"]).refresh(NOW + 61 * DAY)
    assert ServerCertificate(authority, folder, ["other.example"]).refresh(NOW + 61 * DAY)
    server.path.write_bytes(b"damaged")
    assert server.refresh(NOW)
    assert ServerCertificate(open_authority(tmp_path / "other", NOW), folder, ["attune.example"]).refresh(NOW)


@pytest.mark.parametrize(
    "name", ["", "https://attune.example", "attune.example:7443", "*.example", "ättune.example", "-a.example", "a" * 64, "a..b"]
)
def test_what_is_no_host_name_does_not_get_into_the_certificate(authority: Authority, folder: Path, name: str) -> None:
    with pytest.raises(ServerNameInvalid):
        ServerCertificate(authority, folder, [name])


def test_a_private_file_is_written_whole_and_never_through_a_link(tmp_path: Path) -> None:
    place = tmp_path / "secret"
    (tmp_path / ".secret.new").symlink_to(tmp_path / "elsewhere")
    write_private(place, b"value")
    assert read_private(place) == b"value"
    assert not (tmp_path / "elsewhere").exists()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_a_private_file_is_read_only_when_it_is_one(tmp_path: Path) -> None:
    (tmp_path / "open").write_text("value")
    (tmp_path / "open").chmod(0o644)
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "link").symlink_to(tmp_path / "open")
    for name in ("open", "fifo"):
        with pytest.raises(FileExposed):
            read_private(tmp_path / name)
    with pytest.raises(OSError, match="symbolic links"):
        read_private(tmp_path / "link")
