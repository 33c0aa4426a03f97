"""Hooks: turns a signed request to /hooks/<name> into an event; nothing is parsed or stored before the signature is right.

Called by http.resources.hooks; the event goes to intake, which judges the payload against the trigger's schema.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Protocol

import structlog

from attune_controller.hooks.errors import DeliveryInvalid, EventNotAllowed, HookNotReady, HookUnknown
from attune_controller.hooks.schemes import SCHEMES, Scheme
from attune_controller.http.errors import EventReserved
from attune_controller.store.records.events import Acceptance, NewEvent
from attune_core.catalog.catalog import Catalog, Webhook
from attune_core.errors import AttuneError
from attune_core.ports import Clock
from attune_core.rules.delivering import is_reserved
from attune_core.values import JsonLimits, parse_json

log = structlog.get_logger(__name__)

_DELIVERY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
#: GitHub's payloads go up to 25 MB; this many keys and items fit the 1 MiB that is taken.
KEYS = 50_000


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

    async def accept_all(self, events: Sequence[NewEvent]) -> Sequence[Acceptance]:
        """Store events durably with one commit and return their positions."""
        ...


class Hooks:
    """The webhooks of the active revision."""

    def __init__(
        self,
        intake: EventDoor,
        active: CatalogHolder,
        secrets: Secrets,
        clock: Clock,
        *,
        body_bytes: int = 1 << 20,
        accepted: Callable[[str], None] | None = None,
    ) -> None:
        """Take what is needed, how large a body may be, and who is told the hook's name after each accepted delivery."""
        self._intake, self._active, self._secrets, self._clock = intake, active, secrets, clock
        self._accepted, self.body_bytes = accepted, body_bytes

    async def receive(self, name: str, headers: Iterable[tuple[str, str]], body: AsyncIterator[bytes]) -> tuple[NewEvent, Acceptance]:
        """Verify a request and accept its event; names of headers are in lower case, the body is the raw one.

        Raises what `hooks.errors` lists, `JsonRefused`, and `ReplayedBody` for a body that came before under another id.
        """
        catalog = self._active.catalog
        webhook = catalog.webhooks.get(name) if catalog else None
        if webhook is None:
            raise HookUnknown(f"there is no webhook {name[:64]!r} in the active revision")
        scheme, fields = SCHEMES[webhook.document.verify], _by_name(headers)
        raw = await self._verified(webhook, scheme, fields, body)
        event = self._event(webhook, scheme, fields, raw)
        acceptance = await self._intake.accept(event)
        if self._accepted:
            self._accepted(name)
        return event, acceptance

    async def _verified(self, webhook: Webhook, scheme: Scheme, fields: Mapping[str, Sequence[str]], body: AsyncIterator[bytes]) -> bytes:
        """Return the raw body if it is signed with this webhook's secret."""
        secret = self._secret(webhook)
        claimed = scheme.claim(fields.get(scheme.signature_header, ()))
        raw = b"".join([chunk async for chunk in body])
        scheme.check(claimed, secret, raw)
        return raw

    def _secret(self, webhook: Webhook) -> bytes:
        try:
            secret = self._secrets.get(webhook.secret)
        except AttuneError as error:
            # Its message names files of the controller, which the sender has no business to know.
            log.error("hook_secret_unusable", hook=webhook.name, error=str(error))
            secret = None
        if not secret:  # an empty secret is one that everybody knows
            raise HookNotReady
        return secret

    def _event(self, webhook: Webhook, scheme: Scheme, fields: Mapping[str, Sequence[str]], raw: bytes) -> NewEvent:
        delivery = _single(fields, scheme.delivery_header)
        kind = _single(fields, scheme.event_header)
        if not _DELIVERY.fullmatch(delivery):
            raise DeliveryInvalid(f"{scheme.delivery_header} is not an id of 1 to 128 plain characters")
        if kind not in webhook.allow:
            raise EventNotAllowed(f"the webhook {webhook.name} does not allow {kind[:64]!r}")
        now = self._clock.now()
        return NewEvent(
            source=f"attune:hooks/{webhook.name}",
            id=delivery,
            type=_trigger(webhook, scheme, kind),
            time=now,
            received_at=now,
            data=parse_json(raw, JsonLimits(size=self.body_bytes, keys=KEYS)),
            body_digest="" if webhook.document.replay == "id" else sha256(raw).hexdigest(),
        )


def _trigger(webhook: Webhook, scheme: Scheme, kind: str) -> str:
    """Return the trigger's reference; never one of the events that only the controller itself makes.

    The catalog made sure that the template needs no other header, and worked it out for each allowed kind.
    """
    trigger = webhook.triggers.get(kind) or str(webhook.trigger.render({"headers": {scheme.event_header: kind}}))
    if is_reserved(trigger):
        raise EventReserved(f"events of the type {trigger} are made by the controller itself")
    return trigger


def _by_name(headers: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return found


def _single(fields: Mapping[str, Sequence[str]], name: str) -> str:
    values = fields.get(name, ())
    if len(values) != 1:
        raise DeliveryInvalid(f"there is not exactly one {name}")
    return values[0]
