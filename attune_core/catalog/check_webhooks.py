"""Checking webhooks: the secret is the controller's own, and every allowed header value leads to a declared trigger.

Called by `load` after triggers. The event header is unsigned: it only selects among `allow`, so all of its values are tried here.
"""

from collections.abc import Mapping

from attune_core.catalog.catalog import Trigger, Webhook
from attune_core.catalog.layout import declared
from attune_core.catalog.reading import Read, Reading
from attune_core.catalog.scopes import headers_scope
from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.suggestion import suggestion
from attune_core.expressions.template import check_template
from attune_core.expressions.types import STRING
from attune_core.models.webhook import WebhookDocument
from attune_core.values import JsonObject

#: Scheme of verification -> the header that says which kind of event a body is.
EVENT_HEADERS: Mapping[str, str] = {"github": "x-github-event"}


def check_webhooks(reading: Reading, triggers: Mapping[str, Trigger]) -> dict[str, Webhook]:
    """Check every webhook that could be read; the records are complete only if there is no error at all."""
    known = declared(reading.layout, "trigger")
    found: dict[str, Webhook] = {}
    for name, hook in reading.webhooks.items():
        checked = check_template(hook.model.trigger, headers_scope(), STRING)
        reading.findings.in_text(checked.findings, hook.document, ("trigger",))
        leads: dict[str, str] = {}
        if not checked.findings:
            for index, value in enumerate(hook.model.allow):
                headers: JsonObject = {EVENT_HEADERS[hook.model.verify]: value}
                try:
                    leads[value] = str(checked.render({"headers": headers}))
                except ExpressionFailed as failed:
                    _say_header(reading, hook, failed)
                    break
                if leads[value] not in known:
                    _say_missing(reading, hook, index, leads[value], known)
        found[name] = Webhook(
            name=name,
            path=hook.document.path,
            document=hook.model,
            secret=hook.model.secret_name,
            trigger=checked,
            allow=frozenset(hook.model.allow),
            triggers={value: ref for value, ref in leads.items() if ref in triggers},
        )
    return found


def _say_header(reading: Reading, hook: Read[WebhookDocument], failed: ExpressionFailed) -> None:
    header = EVENT_HEADERS[hook.model.verify]
    hint = f'use only headers["{header}"], the one that selects among `allow`'
    reading.findings.at("ATT158", f"the trigger cannot be told before a request: {failed.message}", hook.document, ("trigger",), hint=hint)


def _say_missing(reading: Reading, hook: Read[WebhookDocument], index: int, ref: str, known: Mapping[str, str]) -> None:
    message = f"`{hook.model.allow[index]}` leads to the trigger `{ref}`, which does not exist"
    reading.findings.at("ATT150", message, hook.document, ("allow", index), hint=suggestion(ref, known))
