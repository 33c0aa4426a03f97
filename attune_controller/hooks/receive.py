"""Hooks: turns a verified request to /hooks/<name> into an event; nothing is parsed or stored before the sender is believed.

Called by http.resources.hooks; the event goes to intake, which judges the payload against the trigger's schema.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, TypeAlias

import structlog

from attune_controller.hooks.errors import HookNotReady, HookUnknown
from attune_controller.http.errors import EventReserved
from attune_controller.store.records.events import Acceptance, NewEvent
from attune_core.catalog.catalog import Catalog, Webhook
from attune_core.errors import AttuneError
from attune_core.ids import uuid7
from attune_core.ports import Clock, Random
from attune_core.rules.delivering import is_reserved
from attune_core.traces import traceparent_of
from attune_core.values import JsonValue
from attune_core.webhooks.bodies import SIZE, read_body
from attune_core.webhooks.delivery import read_delivery
from attune_core.webhooks.errors import SecretMalformed, SignatureRefused
from attune_core.webhooks.scheme import Fields, Proof
from attune_core.webhooks.table import SCHEMES

log = structlog.get_logger(__name__)


class Secrets(Protocol):
    """The controller's own secrets."""

    def get(self, name: str) -> bytes | None:
        """Return a secret's value, None when there is none."""
        ...


class CatalogHolder(Protocol):
    """Where the active catalog is found; reconcile.active.ActiveCatalog."""

    @property
    def catalog(self) -> Catalog | None:
        """The active one, None before the first revision."""
        ...


class EventDoor(Protocol):
    """The way in for events; intake.Intake."""

    async def accept(self, event: NewEvent) -> Acceptance:
        """Store an event durably and return its position."""
        ...

    def check_rate(self, source: str) -> None:
        """Let one more event of a source in, for `accept_all`; `SourceTooFast`."""
        ...

    async def accept_all(self, events: Sequence[NewEvent]) -> Sequence[Acceptance]:
        """Store events durably with one commit and return their positions."""
        ...


@dataclass(frozen=True)
class Delivered:
    """A request that became an event, or is known; `silent`: its sender wants no document."""

    event: NewEvent
    acceptance: Acceptance
    silent: bool


@dataclass(frozen=True)
class Challenge:
    """A request that only asks whether requests are verified here; `reply` shows it."""

    reply: str


Received: TypeAlias = Delivered | Challenge


class Hooks:
    """The webhooks of the active revision."""

    def __init__(
        self,
        intake: EventDoor,
        active: CatalogHolder,
        secrets: Secrets,
        clock: Clock,
        random: Random,
        *,
        body_bytes: int = SIZE,
        accepted: Callable[[str], None] | None = None,
        refused: Callable[[str, str], None] | None = None,
    ) -> None:
        """Take what is needed, how large a body may be, and who is told the hook's name after each accepted delivery.

        `refused` is told the name and the error's code of each request to a declared hook that was not taken.
        """
        self._intake, self._active, self._secrets, self._clock, self._random = intake, active, secrets, clock, random
        self._accepted, self._refused, self.body_bytes = accepted, refused, body_bytes

    async def receive(self, name: str, headers: Iterable[tuple[str, str]], body: Callable[[], Awaitable[bytes]]) -> Received:
        """Verify a request and accept its event; names of headers are in lower case, the body is the raw one, read when it may be believed.

        Raises what `hooks.errors` and `webhooks.errors` list, `JsonRefused`, and `ReplayedBody` for what came before under another id.
        """
        catalog = self._active.catalog
        webhook = catalog.webhooks.get(name) if catalog else None
        if webhook is None:
            raise HookUnknown(f"there is no webhook {name[:64]!r} in the active revision")
        try:
            found = await self._taken(webhook, _by_name(headers), body)
        except AttuneError as error:
            if self._refused:
                self._refused(name, error.code)
            raise
        if self._accepted and isinstance(found, Delivered):
            self._accepted(name)
        return found

    async def _taken(self, webhook: Webhook, fields: Fields, read: Callable[[], Awaitable[bytes]]) -> Received:
        scheme = SCHEMES[webhook.document.verify]
        secrets = self._usable(webhook) if scheme.keyed else (b"",)
        proof = scheme.proof(fields, webhook.document, self._clock.now())
        raw = await read()
        _verify(webhook, proof, secrets, raw)
        body = read_body(raw, webhook.document, size=self.body_bytes)
        if (reply := scheme.challenge(body)) is not None:
            return Challenge(reply)
        event = self._event(webhook, proof, fields, raw, body)
        return Delivered(event, await self._intake.accept(event), scheme.answers_empty)

    def _usable(self, webhook: Webhook) -> tuple[bytes, ...]:
        """Return the secrets that there are; the one in use has to be."""
        found = [self._secret(webhook, name) for name in webhook.secrets]
        if not found[0]:
            raise HookNotReady
        return tuple(one for one in found if one)

    def _secret(self, webhook: Webhook, name: str) -> bytes | None:
        """Return a secret; an empty one, which everybody knows, is none."""
        try:
            return self._secrets.get(name)
        except AttuneError as error:
            # Its message names files of the controller, which the sender has no business to know.
            log.error("hook_secret_unusable", hook=webhook.name, error=str(error))
            return None

    def _event(self, webhook: Webhook, proof: Proof, fields: Fields, raw: bytes, body: JsonValue) -> NewEvent:
        found = read_delivery(webhook, fields, body)
        if is_reserved(found.trigger):  # the catalog lets none through
            raise EventReserved(f"events of the type {found.trigger} are made by the controller itself")
        now, anew = self._clock.now(), webhook.document.replay == "id"
        return NewEvent(
            source=f"attune:hooks/{webhook.name}",
            id=found.id or (uuid7(self._clock, self._random) if anew else sha256(raw).hexdigest()),
            type=found.trigger,
            time=now,
            received_at=now,
            data=found.data,
            body_digest="" if anew else proof.signed(raw),
            traceparent=traceparent_of("".join(fields.get("traceparent", ()))),
        )


def _verify(webhook: Webhook, proof: Proof, secrets: Iterable[bytes], raw: bytes) -> None:
    """Ask every secret, so that the time says nothing of which one was right."""
    held, malformed = False, False
    for secret in secrets:
        try:
            held = proof.holds(secret, raw) or held
        except SecretMalformed as error:
            log.error("hook_secret_unusable", hook=webhook.name, error=str(error))
            malformed = True
    if not held:
        raise HookNotReady if malformed else SignatureRefused("the request is not proven by this webhook's secret")


def _by_name(headers: Iterable[tuple[str, str]]) -> Fields:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return found
