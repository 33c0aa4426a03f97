"""The forms under which a secret's value is looked for in what an action writes; design §3, Out.

Called by `preparation`; the executor replaces every form by `***` before a byte reaches a log or a Result.
"""

import base64
import json
from collections.abc import Iterable

#: Shorter values would mask ordinary text. Bytes.
SHORTEST = 8


def mask_forms(values: Iterable[str]) -> tuple[bytes, ...]:
    """Return each value of at least 8 bytes, its base64 (both alphabets, unpadded) and its JSON-escaped forms; longest first."""
    forms: set[bytes] = set()
    for value in values:
        raw = value.encode()
        if len(raw) < SHORTEST:
            continue
        forms.add(raw)
        forms.add(base64.b64encode(raw).rstrip(b"="))
        forms.add(base64.urlsafe_b64encode(raw).rstrip(b"="))
        forms.add(json.dumps(value)[1:-1].encode())
        forms.add(json.dumps(value, ensure_ascii=False)[1:-1].encode())
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))
