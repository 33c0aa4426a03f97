"""Writing an Input in the format that its action declares; the bytes are what the action reads, whole.

The controller tries it when an execution is planned (`rules.filling`), without the values of secrets; the agent's preparation does it.
"""

import json
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from attune_core.input_documents.dotenv_text import dotenv_text
from attune_core.input_documents.errors import InputUnwritable
from attune_core.input_documents.yaml_text import yaml_text
from attune_core.models.action import InputFormat
from attune_core.values import JsonObject

#: Bytes of a document, values of secrets included; what an executor takes.
LIMIT = 2 << 20

#: Format -> what writes an Input in it, given the variables that the action has already.
FORMATS: Mapping[InputFormat, Callable[[JsonObject, AbstractSet[str]], str]] = {
    "json": lambda values, _taken: json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False),
    "yaml": lambda values, _taken: yaml_text(values),
    "dotenv": dotenv_text,
}


def input_document(form: InputFormat, values: JsonObject, *, taken: AbstractSet[str] = frozenset()) -> bytes:
    """Return the document; `taken` are the variables that `env` of the action sets. `InputUnwritable` names the parameter."""
    document = FORMATS[form](values, taken).encode()
    if len(document) > LIMIT:
        raise InputUnwritable(f"the input has {len(document)} bytes as {form}, more than {LIMIT}")
    return document
