"""Checking how a webhook's sender is verified: the keys that belong to its scheme are there, and nobody else has its secret.

Called by `check_webhooks`. A hook without verification, or with another's secret, is a warning: both can be meant.
"""

from collections.abc import Iterator

from attune_core.catalog.reading import Read, Reading
from attune_core.models.webhook import SignedHeader, WebhookDocument
from attune_core.problems import Severity
from attune_core.webhooks.table import SCHEMES

#: A key, what is wrong with it, and what to do.
_Mistake = tuple[tuple[str, ...], str, str]


def check_verification(reading: Reading) -> None:
    """Say what does not go together, hook by hook and between them."""
    first: dict[str, str] = {}
    for name, hook in sorted(reading.webhooks.items()):
        for place, message, hint in _mistakes(hook.model):
            reading.findings.at("ATT222", message, hook.document, place, of="key", hint=hint)
        if hook.model.verify == "none" and hook.model.unverified:
            message = f"whoever reaches /hooks/{name} makes events: nothing is verified"
            hint = "take a scheme with a secret; else suppress this with the reason why only the sender reaches it"
            reading.findings.at("ATT221", message, hook.document, ("verify",), hint=hint, severity=Severity.WARNING)
        for secret in hook.model.secret_names:
            if first.setdefault(secret, name) != name:
                _say_shared(reading, hook, secret, first[secret])


def _say_shared(reading: Reading, hook: Read[WebhookDocument], secret: str, other: str) -> None:
    key = "secret" if hook.model.secret_names[0] == secret else "previous_secret"
    message = f"the webhook `{other}` has the secret `{secret}` too: what is signed for one can be sent to the other"
    hint = "give each webhook a secret of its own"
    reading.findings.at("ATT220", message, hook.document, (key,), hint=hint, severity=Severity.WARNING)


def _mistakes(document: WebhookDocument) -> Iterator[_Mistake]:
    yield from _secrets(document)
    yield from _forms(document)
    given = document.model_fields_set
    if document.field is not None and document.body != "form":
        yield ("field",), "`field` has no meaning: the body is JSON", "write `body: form`, or remove it"
    if "tolerance" in given and (document.verify != "hmac" or document.hmac is not None) and not SCHEMES[document.verify].timed(document):
        yield ("tolerance",), "`tolerance` has no meaning: the sender does not sign the time", "remove it"


def _secrets(document: WebhookDocument) -> Iterator[_Mistake]:
    keyed = SCHEMES[document.verify].keyed
    if keyed and document.secret is None:
        yield (), "`secret` is missing", "add `secret: ${{ controller.secrets.NAME }}`"
    if keyed and document.unverified:
        yield ("unverified",), f"`unverified` and `verify: {document.verify}` exclude each other", "remove it"
    if not keyed and not document.unverified:
        yield ("verify",), "`verify: none` takes events from everybody", "write `unverified: true` if that is meant"
    if len(set(document.secret_names)) < len(document.secret_names):
        yield ("previous_secret",), "`previous_secret` is `secret` again", "name the file of the secret before it, or remove it"
    for key in ("secret", "previous_secret") if not keyed else ():
        if key in document.model_fields_set:
            yield (key,), f"`{key}` has no meaning: nothing is verified", "remove it"


def _forms(document: WebhookDocument) -> Iterator[_Mistake]:
    if document.hmac is None and document.verify == "hmac":
        yield ("verify",), "`hmac` is missing: it says which header holds the signature", "add `hmac: {header: …}`"
    for key, given in (("hmac", document.hmac), ("token", document.token)):
        if given is not None and document.verify != key:
            yield (key,), f"`{key}` has no meaning with `verify: {document.verify}`", "remove it"
    if document.hmac is not None:
        yield from _times(document.hmac)


def _times(declared: SignedHeader) -> Iterator[_Mistake]:
    signed = "{timestamp}" in declared.signs
    if declared.timestamp is not None and not signed:
        yield (
            ("hmac", "timestamp"),
            "the time is not signed, so it proves nothing",
            "write what is signed, such as `signs: '{timestamp}.{body}'`",
        )
    if declared.timestamp is None and signed:
        yield ("hmac", "signs"), "`signs` has a {timestamp}, and no header is named for it", "add `timestamp: HEADER`"
