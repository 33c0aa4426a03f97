"""Expiring: tells in an event, once for each certificate, that it ends soon: an agent's, the CA's, or one that a listener serves.

One loop beside the listeners. The controller's own certificate is made anew long before; what is told of it means that this failed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from attune_controller.http.tls import ServedCertificate
from attune_controller.identity.ca import AGENT_LIFE
from attune_controller.internal_events import internal_event
from attune_controller.planning import Wake
from attune_controller.store.ports.agents import Agents
from attune_controller.store.ports.conditions import Conditions
from attune_core.ports import Clock, Random, rfc3339
from attune_core.values import JsonObject

#: The condition's name; seconds between two looks.
EXPIRING, INTERVAL = "certificate_expiring", 3600.0
#: It ends soon when less than this part of its life is left, and less than so many seconds.
PART, MOST = 1 / 6, 30 * 86_400.0


class ExpiringStore(Conditions, Agents, Protocol):
    """The part of the store that is used."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """A certificate: whose it is, when it ends, and how long it lives in all; seconds."""

    of: str
    name: str
    fingerprint: str
    expires_at: float
    life: float

    def is_soon(self, now: float) -> bool:
        """Tell whether somebody has to see to it."""
        return self.expires_at - now < min(self.life * PART, MOST)


class Expiring:
    """Looks at all certificates."""

    def __init__(
        self, store: ExpiringStore, authority: str, served: Sequence[ServedCertificate], *, clock: Clock, random: Random, planned: Wake
    ) -> None:
        """Take the CA's certificate (PEM) and what listeners serve; `planned` wakes the planner."""
        self._store, self._authority, self._served = store, authority, served
        self._clock, self._random, self._wake = clock, random, planned

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await self._clock.sleep(INTERVAL)

    async def look(self) -> None:
        """Tell of what ends soon and was not told of; forget of what was told and is no more."""
        endings = {ending.fingerprint: ending for ending in [*self._own(), *await self._agents()]}
        told, now = await self._store.conditions(EXPIRING), self._clock.now()
        for ending in endings.values():
            if ending.fingerprint not in told and ending.is_soon(now):
                await self._tell(ending)
        for fingerprint in told.keys() - endings.keys():
            await self._store.end_condition(EXPIRING, fingerprint, None)

    async def _tell(self, ending: Ending) -> None:
        data: JsonObject = {
            "of": ending.of,
            "name": ending.name,
            "expires_at": rfc3339(ending.expires_at),
            "fingerprint": ending.fingerprint,
        }
        event = internal_event("certificate_expiring", ending.name, data, self._clock, self._random)
        if await self._store.begin_condition(EXPIRING, ending.fingerprint, event):
            self._wake()

    async def _agents(self) -> list[Ending]:
        life = AGENT_LIFE.total_seconds()
        return [
            Ending(of="agent", name=one.name, fingerprint=one.fingerprint, expires_at=one.certificate_expires_at, life=life)
            for one in await self._store.agents()
        ]

    def _own(self) -> Iterator[Ending]:
        yield _ending("authority", "ca", self._authority.encode())
        for served in self._served:
            try:
                yield _ending("controller", served.path.name, served.path.read_bytes())
            except (OSError, ValueError) as error:  # a listener that cannot load it says so by itself
                structlog.get_logger("expiring").warning("certificate_unreadable", path=str(served.path), reason=str(error))


def _ending(of: str, name: str, pem: bytes) -> Ending:
    certificate = x509.load_pem_x509_certificate(pem)
    begins, ends = certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
    fingerprint = sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    return Ending(of=of, name=name, fingerprint=fingerprint, expires_at=ends, life=ends - begins)
