"""Bodies of webhooks: JSON, or a form, as the webhook's document declares; what a request says of itself decides nothing.

Called by the controller's hooks with a verified body. (n8n read a form as files because a header said so: CVE-2026-21858.)
"""

import json
import re
from urllib.parse import parse_qsl

from attune_core.models.webhook import WebhookDocument
from attune_core.values import JsonLimits, JsonObject, JsonRefused, JsonValue, parse_json

#: Bytes of a body, unless the controller takes others.
SIZE = 1 << 20
#: GitHub's payloads go up to 25 MB; this many keys and items fit the 1 MiB that is taken.
KEYS = 50_000
#: Fields of a form.
_MOST_FIELDS = 1_000
#: Everything else is encoded in a form; a body of several parts has line breaks.
_ENCODED = re.compile(rb"[!-~]*")
_NO_FORM = f"not a form of at most {_MOST_FIELDS} fields"
_HINT = "send it as application/x-www-form-urlencoded, in UTF-8"


def read_body(raw: bytes, document: WebhookDocument, *, size: int = SIZE) -> JsonValue:
    """Return what a body says; `JsonRefused`."""
    limits = JsonLimits(size=size, keys=KEYS)
    if document.body == "json":
        return parse_json(raw, limits)
    fields = _form(raw)
    if document.field is None:
        # Through the one door for foreign values, which knows what no text may hold.
        return parse_json(json.dumps(fields, ensure_ascii=False).encode(), limits)
    text = fields.get(document.field)
    if not isinstance(text, str):
        raise JsonRefused(f"the form has no field {document.field}")
    return parse_json(text.encode(), limits)


def _form(raw: bytes) -> JsonObject:
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise JsonRefused(_NO_FORM, hint=_HINT) from error
    if not _ENCODED.fullmatch(raw):
        raise JsonRefused(_NO_FORM, hint=_HINT)
    found: JsonObject = dict(pairs)
    if len(found) != len(pairs):
        raise JsonRefused("a field stands twice in the form", hint="send each field once")
    return found
