"""Which keys a place in a document may have, found by following the models' own fields; for "did you mean".

Called by `model_problems` for each unknown key.
"""

import types
from collections.abc import Sequence
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel

from attune_core.models.parameter import Parameter


def keys_at(model: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """Return the keys that the mapping at a place may have; none where any key may stand."""
    found: object = model
    for part in place:
        found = _plain(_child(found, part))
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        return []
    if found is Parameter:
        return sorted(Parameter.OWN_KEYS)
    return [field.alias or name for name, field in found.model_fields.items()]


def _child(kind: object, part: str | int) -> object:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return next((field.annotation for name, field in kind.model_fields.items() if part in (name, field.alias)), None)
    arguments = get_args(kind)
    return arguments[-1 if isinstance(part, str) else 0] if arguments else None


def _plain(kind: object) -> object:
    """Take off Annotated and `| None`."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif get_origin(kind) in (Union, types.UnionType):
            kind = next((one for one in get_args(kind) if one is not type(None)), None)
        else:
            return kind
