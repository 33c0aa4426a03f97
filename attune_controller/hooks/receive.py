"""Hooks: turns a verified request to /hooks/<name> into an event; nothing is parsed or stored before the sender is believed.

Called by http.resources.hooks; the event goes to intake, which judges the payload against the trigger's schema.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, TypeAlias

import structlog

from attune_controller.hooks.errors import DeliveryInvalid, EventNotAllowed, HookNotReady, HookUnknown
from attune_controller.http.errors import EventReserved
from attune_controller.store.records.events import Acceptance, NewEvent
from attune_core.catalog.catalog import Catalog, Webhook
from attune_core.errors import AttuneError
from attune_core.expressions.errors import ExpressionFailed
from attune_core.ids import uuid7
from attune_core.ports import Clock, Random
from attune_core.rules.delivering import is_reserved
from attune_core.values import JsonLimits, JsonObject, JsonValue
from attune_core.webhooks.bodies import read_body
from attune_core.webhooks.errors import SecretMalformed, SignatureRefused
from attune_core.webhooks.scheme import Fields, Proof
from attune_core.webhooks.table import SCHEMES

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
        body_bytes: int = 1 << 20,
        accepted: Callable[[str], None] | None = None,
        refused: Callable[[str, str], None] | None = None,
    ) -> None:
        """Take what is needed, how large a body may be, and who is told the hook's name after each accepted delivery.

        `refused` is told the name and the error's code of each request to a declared hook that was not taken.
        """
        self._intake, self._active, self._secrets, self._clock, self._random = intake, active, secrets, clock, random
        self._accepted, self._refused, self.body_bytes = accepted, refused, body_bytes

    async def receive(self, name: str, headers: Iterable[tuple[str, str]], body: AsyncIterator[bytes]) -> Received:
        """Verify a request and accept its event; names of headers are in lower case, the body is the raw one.

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

    async def _taken(self, webhook: Webhook, fields: Fields, chunks: AsyncIterator[bytes]) -> Received:
        scheme = SCHEMES[webhook.document.verify]
        secrets = self._usable(webhook) if scheme.keyed else (b"",)
        proof = scheme.proof(fields, webhook.document, self._clock.now())
        raw = b"".join([chunk async for chunk in chunks])
        _verify(webhook, proof, secrets, raw)
        body = read_body(raw, webhook.document, JsonLimits(size=self.body_bytes, keys=KEYS))
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
        seen: JsonObject = {name: values[0] for name, values in fields.items() if len(values) == 1 and name not in webhook.unseen}
        activation: JsonObject = {"headers": seen, "body": body}
        now, anew = self._clock.now(), webhook.document.replay == "id"
        trigger = _trigger(webhook, activation)
        return NewEvent(
            source=f"attune:hooks/{webhook.name}",
            id=_told_id(webhook, activation) or (uuid7(self._clock, self._random) if anew else sha256(raw).hexdigest()),
            type=trigger,
            time=now,
            received_at=now,
            data=_with_headers(webhook, fields, body),
            body_digest="" if anew else proof.signed(raw),
        )


def _verify(webhook: Webhook, proof: Proof, secrets: Iterable[bytes], raw: bytes) -> None:
    try:
        held = [proof.holds(secret, raw) for secret in secrets]
    except SecretMalformed as error:
        log.error("hook_secret_unusable", hook=webhook.name, error=str(error))
        raise HookNotReady from error
    if not any(held):
        raise SignatureRefused("the request is not proven by this webhook's secret")


def _trigger(webhook: Webhook, activation: Mapping[str, JsonValue]) -> str:
    """Return the trigger's reference; never one of the events that only the controller itself makes."""
    kind: JsonValue = ""
    if webhook.kind is not None:
        try:
            kind = webhook.kind.evaluate(activation)
        except ExpressionFailed as failed:
            raise DeliveryInvalid(f"the trigger cannot be told: {failed.message}") from failed
    trigger = webhook.triggers.get(kind) if isinstance(kind, str) else None
    if trigger is None:
        raise EventNotAllowed(f"the webhook {webhook.name} does not allow {str(kind)[:64]!r}")
    if is_reserved(trigger):
        raise EventReserved(f"events of the type {trigger} are made by the controller itself")
    return trigger


def _told_id(webhook: Webhook, activation: Mapping[str, JsonValue]) -> str:
    """Return the id that the request tells, empty when it tells none."""
    if webhook.id is None:
        return ""
    try:
        found = webhook.id.render(activation)
    except ExpressionFailed as failed:
        raise DeliveryInvalid(f"the delivery's id cannot be told: {failed.message}") from failed
    if found != "" and not (isinstance(found, str) and _DELIVERY.fullmatch(found)):
        raise DeliveryInvalid("the delivery's id is not one of 1 to 128 plain characters")
    return str(found)


def _with_headers(webhook: Webhook, fields: Fields, body: JsonValue) -> JsonValue:
    """Return the event's data: the body, and in it the headers that the document lists."""
    names = [name.lower() for name in webhook.document.headers]
    if not names or not isinstance(body, dict):  # the trigger's schema refuses what is no object
        return body
    if "headers" in body:
        raise DeliveryInvalid("the body has a field `headers` of its own, where the request's headers would stand")
    repeated = [name for name in names if len(fields.get(name, ())) > 1]
    if repeated:
        raise DeliveryInvalid(f"there is more than one {repeated[0]}")
    return {**body, "headers": {name: fields[name][0] for name in names if name in fields}}


def _by_name(headers: Iterable[tuple[str, str]]) -> Fields:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return found
