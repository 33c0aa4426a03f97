"""The forms under which a secret's value is looked for in what an action writes; design §3, Out.

Called by `preparation`; the executor replaces every form by `***` before a byte reaches a log or a Result. `results` does so once more in a
Result's texts: JSON has more escapes than any list of forms.
"""

import base64
import json
from collections.abc import Iterable, Iterator

from attune_core.input_documents import dotenv_text, yaml_text
from attune_core.values import MASK, JsonValue

#: Shorter values would mask ordinary text. Bytes.
SHORTEST = 8
#: What encoders for web pages write instead of these (Go's does it by default).
_FOR_PAGES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def mask_forms(values: Iterable[str]) -> tuple[bytes, ...]:
    """Return each value of at least 8 bytes, its base64, and as JSON and the formats of Inputs write it; longest first."""
    forms: set[bytes] = set()
    for value in values:
        raw = value.encode()
        if len(raw) >= SHORTEST:
            forms.add(raw)
            forms.update(_base64_forms(raw))
            forms.update(_json_forms(value))
            forms.update(quoted(value)[1:-1].encode() for quoted in (yaml_text.quoted, dotenv_text.quoted))
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def mask_texts(value: JsonValue, forms: Iterable[bytes]) -> JsonValue:
    """Return a value with every form masked in its texts and keys."""
    wanted = [form.decode() for form in forms]

    def masked(one: JsonValue) -> JsonValue:
        if isinstance(one, str):
            for form in wanted:
                one = one.replace(form, MASK)
            return one
        if isinstance(one, dict):
            return {str(masked(key)): masked(item) for key, item in one.items()}
        return [masked(item) for item in one] if isinstance(one, list) else one

    return masked(value) if wanted else value


def _base64_forms(raw: bytes) -> Iterator[bytes]:
    """Yield what stands in the base64 of any text that holds the value, after 0, 1 or 2 bytes of a group of three, in both alphabets.

    A character that also depends on a byte before or after the value is left out, but the last one counts where the text ends with it.
    """
    for before in range(3):
        bits = 8 * (before + len(raw))
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            to_the_end = encode(bytes(before) + raw).rstrip(b"=")[(0, 2, 3)[before] :]
            yield to_the_end
            yield to_the_end[: bits // 6 - (0, 2, 3)[before]]


def _json_forms(value: str) -> Iterator[bytes]:
    for only_ascii in (True, False):
        escaped = json.dumps(value, ensure_ascii=only_ascii)[1:-1]
        yield from (form.encode() for form in (escaped, escaped.replace("/", "\\/"), escaped.translate(_FOR_PAGES)))
