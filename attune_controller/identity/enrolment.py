"""Enrolment: a join token and a signing request become an agent with a certificate of its own.

Called by POST /v1/enrolments on the public listener; afterwards the agent says hello on the agent listener.
"""

from collections.abc import Callable, Iterable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from attune_controller.identity.ca import Authority
from attune_controller.identity.errors import SigningRequestRefused
from attune_controller.identity.join_tokens import hash_of
from attune_controller.internal_events import internal_event
from attune_controller.store.errors import JoinTokenRefused
from attune_controller.store.ports.agents import Agents
from attune_controller.store.records.agents import Agent
from attune_core.ports import Clock, Random
from attune_core.values import JsonValue
from attune_core.wire.enrolment import Enrolled, Enrolment

#: Told of a new agent (the Fleet, the listener's memory of certificates).
Newcomer = Callable[[Iterable[Agent]], None]


class Enrolments:
    """Turns requests into agents."""

    def __init__(
        self, store: Agents, authority: Authority, clock: Clock, random: Random, *, agent_url: str, newcomers: Iterable[Newcomer] = ()
    ) -> None:
        """Take where agents reach the agent listener (https://host:port) and who has to know of a new agent."""
        self._store, self._authority, self._clock, self._random = store, authority, clock, random
        self._agent_url, self._newcomers = agent_url, tuple(newcomers)

    async def enrol(self, request: Enrolment) -> Enrolled:
        """Check everything, spend the token and store the agent in one transaction, and return its certificate.

        `JoinTokenRefused`, `SigningRequestRefused`; the token stays good when the signing request is refused.
        """
        token_hash, now = hash_of(request.token), self._clock.now()
        token = await self._store.join_token(token_hash)
        if token is None or token.name != request.name or token.used_at or token.expires_at <= now:
            raise JoinTokenRefused
        issued = self._authority.issue_agent(_checked_key(request), request.name, now)
        agent = Agent(
            name=request.name,
            labels=token.labels,
            fingerprint=issued.fingerprint,
            certificate_expires_at=issued.expires_at,
            enrolled_at=now,
        )
        labels: JsonValue = dict(token.labels)
        event = internal_event("agent_joined", request.name, {"agent": request.name, "labels": labels}, self._clock, self._random)
        await self._store.enrol(agent, token_hash, now, event)
        for tell in self._newcomers:
            tell([agent])
        return Enrolled(
            name=request.name,
            certificate=issued.certificate,
            authority=self._authority.certificate,
            agent_url=self._agent_url,
            labels=dict(token.labels),
        )


def _checked_key(request: Enrolment) -> ec.EllipticCurvePublicKey:
    """Return the public key that the requester has proven to hold, if it is for this very name."""
    try:
        csr = x509.load_pem_x509_csr(request.csr.encode())
        key = csr.public_key()
        names = [attribute.value for attribute in csr.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
        signed = csr.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SigningRequestRefused("the text is no readable signing request in PEM") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SigningRequestRefused("the key is not EC P-256")
    if not signed:
        raise SigningRequestRefused("the request is not signed by its own key")
    if names != [request.name]:
        raise SigningRequestRefused(f"the request's subject is not CN={request.name}")
    return key
