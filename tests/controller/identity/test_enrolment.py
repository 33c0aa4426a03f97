"""From a join token to an agent: once, in time, for one name, and only for whoever holds the key."""

import asyncio
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from attune_controller.errors import AgentForgotten
from attune_controller.fleet import Fleet
from attune_controller.identity.agents import AgentCertificates, read_identity
from attune_controller.identity.ca import Authority, open_authority
from attune_controller.identity.enrolment import Enrolments
from attune_controller.identity.errors import CertificateRefused, SigningRequestRefused
from attune_controller.identity.join_tokens import JoinTokens, hash_of
from attune_controller.store.errors import JoinTokenRefused
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.port import Store
from attune_controller.store.records.agents import Agent
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.pki import der_of, fingerprint, make_key, make_signing_request
from attune_core.ports import SystemRandom
from attune_core.wire.api import JoinTokenRequest
from attune_core.wire.enrolment import Enrolled, Enrolment
from attune_core.wire.join_token import read_join_token
from tests.controller.clocks import StandingClock


class Gate:
    """A controller's enrolment with everything behind it."""

    def __init__(self, folder: Path, store: Store | None = None) -> None:
        self.clock, self.fleet = StandingClock(), Fleet()
        self.store: Store = store or MemoryStore()
        self.authority: Authority = open_authority(folder / "ca", self.clock.now())
        self.certificates = AgentCertificates(self.store, self.clock)
        self.tokens = JoinTokens(
            self.store, self.clock, SystemRandom(), public_url="https://attune.example:7443", authority=self.authority.fingerprint
        )
        self.enrolments = Enrolments(
            self.store,
            self.authority,
            self.clock,
            SystemRandom(),
            agent_url="https://attune.example:7444",
            newcomers=[self.fleet.enrolled, self.certificates.forget],
        )

    async def invite(self, name: str = "web-1", ttl: int = 900) -> str:
        """Return the secret of a new join token."""
        view = await self.tokens.permit(JoinTokenRequest(name=name, labels={"role": "web"}, ttl=ttl))
        return read_join_token(view.token).secret

    async def join(self, secret: str, name: str = "web-1", csr: bytes | None = None) -> Enrolled:
        request = make_signing_request(make_key(), name) if csr is None else csr
        return await self.enrolments.enrol(Enrolment(token=secret, name=name, csr=request.decode("latin-1")))


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


async def test_a_token_and_a_signing_request_become_an_agent(gate: Gate) -> None:
    key = make_key()
    enrolled = await gate.join(await gate.invite(), csr=make_signing_request(key, "web-1"))
    certificate = x509.load_pem_x509_certificate(enrolled.certificate.encode())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(enrolled.authority.encode()))
    csr = x509.load_pem_x509_csr(make_signing_request(key, "web-1"))
    assert certificate.public_key() == csr.public_key()
    assert (enrolled.name, enrolled.agent_url, enrolled.labels) == ("web-1", "https://attune.example:7444", {"role": "web"})
    agent = await gate.store.agent("web-1")
    assert agent is not None
    assert agent.fingerprint == fingerprint(enrolled.certificate)
    assert agent.labels == {"role": "web"}
    known = gate.fleet.agent("web-1")
    assert known is not None
    assert known.labels == {"role": "web"}
    assert await gate.certificates.name(der_of(enrolled.certificate)) == "web-1"


async def test_the_token_names_the_authority_and_the_store_has_only_its_hash(gate: Gate) -> None:
    view = await gate.tokens.permit(JoinTokenRequest(name="web-1"))
    text = read_join_token(view.token)
    assert text.authority == gate.authority.fingerprint
    assert text.url == "https://attune.example:7443"
    stored = await gate.store.join_token(hash_of(text.secret))
    assert stored is not None
    assert text.secret not in repr(stored)


async def test_a_token_serves_once(gate: Gate) -> None:
    secret = await gate.invite()
    first = await gate.join(secret)
    with pytest.raises(JoinTokenRefused):
        await gate.join(secret)
    assert await gate.certificates.name(der_of(first.certificate)) == "web-1"


async def test_of_two_hosts_with_one_token_only_one_joins(tmp_path: Path) -> None:
    store = await open_sqlite_store(tmp_path / "store")
    gate = Gate(tmp_path, store)
    secret = await gate.invite()
    results = await asyncio.gather(*(gate.join(secret) for _ in range(8)), return_exceptions=True)
    [joined] = [result for result in results if isinstance(result, Enrolled)]
    assert sum(isinstance(result, JoinTokenRefused) for result in results) == 7
    assert await gate.certificates.name(der_of(joined.certificate)) == "web-1"
    await store.close()


async def test_a_token_expires(gate: Gate) -> None:
    secret = await gate.invite(ttl=60)
    gate.clock.time += 60
    with pytest.raises(JoinTokenRefused):
        await gate.join(secret)
    assert await gate.store.agent("web-1") is None


async def test_a_token_is_for_one_name(gate: Gate) -> None:
    secret = await gate.invite("web-1")
    with pytest.raises(JoinTokenRefused):
        await gate.join(secret, "db-1")
    assert await gate.store.agent("db-1") is None
    assert (await gate.join(secret, "web-1")).name == "web-1"


async def test_an_invented_token_is_refused(gate: Gate) -> None:
    await gate.invite()
    with pytest.raises(JoinTokenRefused):
        await gate.join("A" * 43)


def _csr(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, *names: str) -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name) for name in names])
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, algorithm).public_bytes(Encoding.PEM)


def _not_its_own_key() -> bytes:
    """A request for somebody else's public key: signed by ours, so that we would get a certificate for a key we do not hold."""
    ours, theirs = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    der = x509.load_pem_x509_csr(_csr(ours, "web-1")).public_bytes(Encoding.DER)
    spki = [key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for key in (ours, theirs)]
    assert der.count(spki[0]) == 1
    return x509.load_der_x509_csr(der.replace(spki[0], spki[1])).public_bytes(Encoding.PEM)


EC = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    "csr",
    [
        b"",
        b"hello",
        b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        _csr(EC, "db-1"),
        _csr(EC),
        _csr(EC, "web-1", "db-1"),
        _csr(ec.generate_private_key(ec.SECP384R1()), "web-1"),
        _csr(ed25519.Ed25519PrivateKey.generate(), "web-1"),
        _csr(rsa.generate_private_key(65537, 2048), "web-1"),
        _not_its_own_key(),
    ],
    ids=["empty", "text", "no DER", "other name", "no name", "two names", "P-384", "Ed25519", "RSA", "not its own key"],
)
async def test_a_bad_signing_request_is_refused_and_leaves_the_token_good(gate: Gate, csr: bytes) -> None:
    secret = await gate.invite()
    with pytest.raises(SigningRequestRefused):
        await gate.join(secret, csr=csr)
    assert (await gate.join(secret)).name == "web-1"


async def test_what_a_signing_request_asks_for_is_not_what_it_gets(gate: Gate) -> None:
    asked = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "web-1")]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:attune:agent:db-1")]), critical=False)
        .sign(EC, hashes.SHA256())
    )
    enrolled = await gate.join(await gate.invite(), csr=asked.public_bytes(Encoding.PEM))
    certificate = x509.load_pem_x509_certificate(enrolled.certificate.encode())
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert read_identity(der_of(enrolled.certificate)).name == "web-1"


async def test_joining_again_makes_the_old_certificate_void_at_once(gate: Gate) -> None:
    first = await gate.join(await gate.invite())
    assert await gate.certificates.name(der_of(first.certificate)) == "web-1"
    second = await gate.join(await gate.invite())
    with pytest.raises(CertificateRefused, match="newer enrolment"):
        await gate.certificates.name(der_of(first.certificate))
    assert await gate.certificates.name(der_of(second.certificate)) == "web-1"


async def test_a_certificate_ends_with_its_time_also_on_an_open_connection(gate: Gate) -> None:
    enrolled = await gate.join(await gate.invite())
    assert await gate.certificates.name(der_of(enrolled.certificate)) == "web-1"
    gate.clock.time += 31 * 86_400
    with pytest.raises(CertificateRefused, match="expired"):
        await gate.certificates.name(der_of(enrolled.certificate))


async def test_a_certificate_of_nobody_is_refused(gate: Gate) -> None:
    issued = gate.authority.issue_agent(EC.public_key(), "ghost", gate.clock.now())
    with pytest.raises(AgentForgotten, match="no agent ghost"):
        await gate.certificates.name(der_of(issued.certificate))


@pytest.mark.parametrize(
    "uris",
    [
        [],
        ["urn:attune:agent:"],
        ["urn:attune:agent:Web"],
        ["urn:attune:agent:a/../b"],
        ["urn:attune:agent:a\n"],
        ["urn:attune:controller:a"],
        ["urn:attune:agent:a", "urn:attune:agent:b"],
    ],
)
async def test_a_certificate_that_does_not_name_exactly_one_agent_names_none(gate: Gate, uris: list[str]) -> None:
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris] or [x509.DNSName("a")])
    issued = gate.authority.issue_server(EC.public_key(), names, gate.clock.now())
    with pytest.raises(CertificateRefused, match="names no agent"):
        await gate.certificates.name(der_of(issued.certificate))


async def test_what_is_no_certificate_names_no_agent(gate: Gate) -> None:
    with pytest.raises(CertificateRefused):
        await gate.certificates.name(b"\x30\x00")


async def test_an_enrolment_that_falls_into_a_check_is_not_overlooked(gate: Gate) -> None:
    """The store's answer may be older than an enrolment that ends while it is on its way."""
    first = await gate.join(await gate.invite())

    class Overtaken(MemoryStore):
        async def agent(self, name: str) -> Agent | None:
            found = await gate.store.agent(name)
            certificates.forget([found] if found else [])
            return found

    certificates = AgentCertificates(Overtaken(), gate.clock)
    assert await certificates.name(der_of(first.certificate)) == "web-1"
    assert not certificates._known
