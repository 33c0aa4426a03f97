"""A webhook of a repository as fields; used by `attune webhook show`. Secrets are names here, as in the document."""

from collections.abc import Mapping, Sequence

from attune_core.catalog.catalog import Webhook
from attune_core.models.webhook import WebhookDocument
from attune_core.quantities import show_duration
from attune_core.webhooks.table import SCHEMES


def webhook_fields(hook: Webhook, rules: Mapping[str, Sequence[str]]) -> Sequence[tuple[str, str]]:
    """Return names and values; `rules` has those of each trigger."""
    document = hook.document
    form = f"a form, its field {document.field}" if document.field else "a form" if document.body == "form" else "JSON"
    fields = [
        ("webhook", hook.name),
        ("description", document.description or ""),
        ("address", f"POST /hooks/{hook.name}"),
        ("body", f"{form}, at most 1 MiB"),
        ("verify", _verification(document)),
        ("secrets", ", ".join(hook.secrets)),
        ("times", f"signed ones up to {show_duration(document.tolerance)} away" if SCHEMES[document.verify].timed(document) else ""),
        ("repeated", "a new id is a new event" if document.replay == "id" else "what was signed before is refused under a new id"),
        ("id", document.id or ""),
        ("headers", ", ".join(document.headers)),
        ("trigger", document.trigger),
        *[
            (f"  {kind}" if kind else "  each", f"{trigger}: {', '.join(rules.get(trigger, ())) or 'no rule'}")
            for kind, trigger in hook.triggers.items()
        ],
        ("declared in", hook.path),
    ]
    return [(name, value) for name, value in fields if value]


def _verification(document: WebhookDocument) -> str:
    if document.hmac is not None:
        return f"hmac: {document.hmac.algorithm} in {document.hmac.header}, over {document.hmac.signs}"
    if document.verify == "token":
        return f"token in {document.token.header if document.token else 'Authorization'}"
    return "none: everybody who reaches the address is believed" if document.verify == "none" else document.verify
