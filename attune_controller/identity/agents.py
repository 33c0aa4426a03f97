"""AgentCertificates: from the certificate of a connection to the name of the agent, the only identity an agent has.

Called by the agent listener's guard at every request; the TLS handshake has already proven the key and the controller's CA.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography import x509

from attune_controller.errors import AgentForgotten
from attune_controller.identity.errors import CertificateRefused, CertificateReplaced
from attune_controller.store.ports.agents import Agents
from attune_controller.store.records.agents import Agent
from attune_core.names import is_agent_name
from attune_core.pki import AGENT_URN
from attune_core.ports import Clock

#: Certificates kept in memory; one for each enrolled agent is enough, strangers never get in.
MEMORY = 16_384


@dataclass(frozen=True)
class _Identity:
    name: str
    expires_at: float


class AgentCertificates:
    """Reads names out of certificates and checks that they are the ones enrolled last."""

    def __init__(self, store: Agents, clock: Clock) -> None:
        """Take the store that knows every agent's fingerprint."""
        self._store, self._clock = store, clock
        self._known: dict[bytes, _Identity] = {}

    async def name(self, certificate: bytes) -> str:
        """Return the agent's name for a certificate (DER); `CertificateRefused` for one that expired, was replaced, or names no agent.

        `AgentForgotten` when there is no such agent.
        """
        key = sha256(certificate).digest()
        identity = self._known.get(key) or await self._learn(certificate, key)
        if identity.expires_at <= self._clock.now():
            raise CertificateRefused(f"the certificate of {identity.name} has expired")
        return identity.name

    def forget(self, agents: Iterable[Agent]) -> None:
        """Read these agents' fingerprints from the store again: they enrolled anew, so older certificates of theirs are void."""
        self.void(*(agent.name for agent in agents))

    def void(self, *names: str) -> None:
        """Remember no certificate of these names."""
        self._known = {key: identity for key, identity in self._known.items() if identity.name not in names}

    async def _learn(self, certificate: bytes, key: bytes) -> _Identity:
        # `forget` puts another dictionary in place: what was read before an enrolment is then not remembered after it.
        memory, identity = self._known, read_identity(certificate)
        agent = await self._store.agent(identity.name)
        if agent is None:
            raise AgentForgotten(f"no agent {identity.name} is enrolled at this controller (any more)")
        if agent.fingerprint != key.hex():
            raise CertificateReplaced(f"the certificate of {identity.name} was replaced by a newer enrolment")
        if len(memory) >= MEMORY:
            memory.clear()
        memory[key] = identity
        return identity


def read_identity(certificate: bytes) -> _Identity:
    """Return the name in the one `urn:attune:agent:` URI of a certificate (DER), and its end; `CertificateRefused`."""
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    except (ValueError, x509.ExtensionNotFound) as error:
        raise CertificateRefused("the certificate names no agent") from error
    name = uris[0].removeprefix(AGENT_URN) if len(uris) == 1 and uris[0].startswith(AGENT_URN) else ""
    if not is_agent_name(name):
        raise CertificateRefused("the certificate names no agent")
    return _Identity(name, parsed.not_valid_after_utc.timestamp())
