"""Checking webhooks: who is believed, which triggers an event may be of, and that its expressions fit what those triggers declare.

Called by `load` after triggers. What selects the trigger need not be signed: every value that `allow` lists is tried here, others are
refused at the door.
"""

from collections.abc import Iterator, Mapping

from attune_core.catalog.catalog import Trigger, Webhook
from attune_core.catalog.check_verification import check_verification
from attune_core.catalog.layout import declared
from attune_core.catalog.nodes import Place
from attune_core.catalog.reading import Read, Reading
from attune_core.catalog.scopes import webhook_scope
from attune_core.expressions.check import Scope
from attune_core.expressions.program import Program
from attune_core.expressions.suggestion import suggestion
from attune_core.expressions.template import CheckedTemplate, check_template
from attune_core.expressions.template_parts import parse_template
from attune_core.expressions.types import DYN, STRING, Object, Type, members, union
from attune_core.models.webhook import WebhookDocument
from attune_core.rules.delivering import is_reserved
from attune_core.webhooks.table import SCHEMES

_HEADERS = "headers"
#: Headers that hold credentials, whatever the scheme.
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie"})


def check_webhooks(reading: Reading, triggers: Mapping[str, Trigger]) -> dict[str, Webhook]:
    """Check every webhook that could be read; the records are complete only if there is no error at all."""
    known = declared(reading.layout, "trigger")
    check_verification(reading)
    return {name: _check(reading, hook, triggers, known) for name, hook in reading.webhooks.items()}


def _check(reading: Reading, hook: Read[WebhookDocument], triggers: Mapping[str, Trigger], known: Mapping[str, str]) -> Webhook:
    leads = dict(_leads(reading, hook, known))
    scope = webhook_scope(union(reading.data_types.get(ref, DYN) for ref in leads.values()))
    checked = _template(reading, hook, "trigger", hook.model.trigger, scope)
    _check_headers(reading, hook, leads)
    return Webhook(
        name=hook.name,
        path=hook.document.path,
        document=hook.model,
        secrets=hook.model.secret_names,
        kind=next((part for part in checked.parts if isinstance(part, Program)), None),
        triggers={value: ref for value, ref in leads.items() if ref in triggers},
        id=_check_id(reading, hook, scope),
        unseen=_CREDENTIALS | _own_headers(hook.model),
    )


def _template(reading: Reading, hook: Read[WebhookDocument], key: str, text: str, scope: Scope) -> CheckedTemplate:
    checked = check_template(text, scope, STRING)
    reading.findings.in_text(checked.findings, hook.document, (key,))
    return checked


def _check_id(reading: Reading, hook: Read[WebhookDocument], scope: Scope) -> CheckedTemplate | None:
    if hook.model.id is not None:
        return _template(reading, hook, "id", hook.model.id, scope)
    usual = SCHEMES[hook.model.verify].delivery
    # Triggers that people declare need not say where the scheme's sender puts its ids.
    return check_template(usual, webhook_scope(DYN), STRING) if usual else None


def _leads(reading: Reading, hook: Read[WebhookDocument], known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each value of the expression, "" without one, and the trigger's reference that it leads to."""
    parts, mistake = parse_template(hook.model.trigger)
    places = [place for place, part in enumerate(parts) if not isinstance(part, str)]
    if mistake is not None:
        return  # said by the check of the template
    if len(places) > 1:
        hint = "write one expression, whose values `allow` lists"
        message = f"the trigger has {len(places)} expressions, so `allow` cannot say what it may be"
        reading.findings.at("ATT158", message, hook.document, ("trigger",), hint=hint)
    elif places and not hook.model.allow:
        message = "`allow` is missing: it lists the values that the expression in `trigger` may have"
        reading.findings.at("ATT222", message, hook.document, ("trigger",), of="key", hint="add `allow: […]`")
    elif not places and hook.model.allow:
        message = "`allow` has no meaning: `trigger` has no expression"
        reading.findings.at("ATT222", message, hook.document, ("allow",), of="key", hint="remove it")
    else:
        texts = [part for part in parts if isinstance(part, str)]
        before, after = "".join(texts[: places[0]] if places else texts), "".join(texts[places[0] :] if places else ())
        for index, value in enumerate(hook.model.allow or ("",)):
            ref = f"{before}{value}{after}"
            place = ("allow", index) if hook.model.allow else ("trigger",)
            if is_reserved(ref):
                reading.findings.at(
                    "ATT195", f"only Attune itself makes events of `{ref}`", hook.document, place, hint="name a pack's trigger"
                )
            elif ref not in known:
                _say_missing(reading, hook, place, ref, known)
            yield value, ref


def _say_missing(reading: Reading, hook: Read[WebhookDocument], place: Place, ref: str, known: Mapping[str, str]) -> None:
    value = hook.document.value_at(place)
    message = f"`{value}` leads to the trigger `{ref}`, which does not exist" if place[0] == "allow" else f"there is no trigger `{ref}`"
    reading.findings.at("ATT150", message, hook.document, place, hint=suggestion(ref, known))


def _check_headers(reading: Reading, hook: Read[WebhookDocument], leads: Mapping[str, str]) -> None:
    """Let no credential become a part of events, and no header without the triggers' knowing of it."""
    hidden = _CREDENTIALS | _own_headers(hook.model)
    for index, name in enumerate(hook.model.headers):
        if name.lower() in hidden:
            message = f"{name} proves who the sender is, and events are shown and stored"
            reading.findings.at("ATT223", message, hook.document, ("headers", index), hint="remove it")
    for ref in dict.fromkeys(leads.values()) if hook.model.headers else ():
        if not _has_headers(reading.data_types.get(ref, DYN)):
            message = f"headers become `data.headers`, which the trigger `{ref}` does not declare"
            hint = "declare it there: headers: {type: object, additionalProperties: {type: string}}"
            reading.findings.at("ATT223", message, hook.document, ("headers",), hint=hint)


def _own_headers(document: WebhookDocument) -> frozenset[str]:
    if document.verify == "hmac" and document.hmac is None:
        return frozenset()
    return SCHEMES[document.verify].headers(document)


def _has_headers(data: Type) -> bool:
    """Tell whether a rule could read `data.headers`."""
    return any(not isinstance(one, Object) or _HEADERS in one.fields or one.extra is not None for one in members(data))
