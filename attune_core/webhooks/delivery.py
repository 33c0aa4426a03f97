"""From a verified request to what its event says: the trigger, the id and the data; pure.

Called by the controller's hooks, and by `attune webhook test` for a payload on a file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from attune_core.catalog.catalog import Webhook
from attune_core.expressions.errors import ExpressionFailed
from attune_core.values import JsonObject, JsonValue
from attune_core.webhooks.errors import DeliveryInvalid, EventNotAllowed
from attune_core.webhooks.scheme import Fields

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What a request says; `id` is empty where it tells none."""

    trigger: str
    id: str
    data: JsonValue


def read_delivery(webhook: Webhook, fields: Fields, body: JsonValue) -> Delivery:
    """Return what a request says; `DeliveryInvalid` if it does not say it, `EventNotAllowed` for another kind of event."""
    seen: JsonObject = {name: values[0] for name, values in fields.items() if len(values) == 1 and name not in webhook.unseen}
    activation: JsonObject = {"headers": seen, "body": body}
    trigger = _trigger(webhook, activation)
    return Delivery(trigger=trigger, id=_told_id(webhook, activation), data=_with_headers(webhook, fields, body))


def _trigger(webhook: Webhook, activation: Mapping[str, JsonValue]) -> str:
    kind: JsonValue = ""
    if webhook.kind is not None:
        try:
            kind = webhook.kind.evaluate(activation)
        except ExpressionFailed as failed:
            raise DeliveryInvalid(f"the trigger cannot be told: {failed.message}") from failed
    trigger = webhook.triggers.get(kind) if isinstance(kind, str) else None
    if trigger is None:
        raise EventNotAllowed(f"the webhook {webhook.name} does not allow {str(kind)[:64]!r}")
    return trigger


def _told_id(webhook: Webhook, activation: Mapping[str, JsonValue]) -> str:
    if webhook.id is None:
        return ""
    try:
        found = webhook.id.render(activation)
    except ExpressionFailed as failed:
        raise DeliveryInvalid(f"the delivery's id cannot be told: {failed.message}") from failed
    if found != "" and not (isinstance(found, str) and _ID.fullmatch(found)):
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
