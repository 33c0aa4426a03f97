"""The fields of a Result that its schema marks `secret: true`: masked before anything leaves the agent, and typed as what is left.

The agent's `results` masks; the catalog types completions by `masked_schema`, so that a rule sees what will really be there.
"""

from collections.abc import Iterator
from copy import deepcopy

from attune_core.catalog.schema_walk import resolve, subschemas
from attune_core.values import MASK, JsonObject, JsonValue

#: Keywords whose schemas speak of the same value.
_SAME = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
#: What a masked field's schema keeps, for references that lead into it: none of it says anything of a text.
_KEPT = frozenset({"$defs", "properties", "patternProperties", "additionalProperties", "items", "prefixItems"})


def has_secret_fields(schema: JsonValue) -> bool:
    """Tell whether a schema marks anything."""
    return any(one.get("secret") is True for _, one in subschemas(schema))


def masked_schema(schema: JsonObject) -> JsonObject:
    """Return the schema of what leaves the agent: the mask stands in a marked field's place, whatever its type was."""
    masked = deepcopy(schema)
    for _, one in [*subschemas(masked)]:
        if one.get("secret") is True:
            kept = {keyword: value for keyword, value in one.items() if keyword in _KEPT}
            one.clear()
            one.update({"const": MASK, **kept})
    return masked


def mask_fields(value: JsonValue, schema: JsonObject) -> JsonValue:
    """Return the value with every field masked that any part of the schema marks; whether that part holds for it is not asked."""
    return _Masking(schema).masked(value, [schema])


class _Masking:
    """One walk through a value, with all schemas that speak of it."""

    def __init__(self, root: JsonObject) -> None:
        self._root = root

    def masked(self, value: JsonValue, schemas: list[JsonValue]) -> JsonValue:
        """Return the value, or the mask."""
        applying = [*self._applying(schemas)]
        if any(one.get("secret") is True for one in applying):
            return MASK
        if isinstance(value, dict):
            return {key: self.masked(one, [schema for of in applying for schema in _of_key(of, key)]) for key, one in value.items()}
        if isinstance(value, list):
            return [self.masked(one, [schema for of in applying for schema in _of_item(of, index)]) for index, one in enumerate(value)]
        return value

    def _applying(self, schemas: list[JsonValue]) -> Iterator[JsonObject]:
        """Yield the schemas and those that they bring in for the same value, each once."""
        waiting, seen = [*schemas], set[int]()
        while waiting:
            one = waiting.pop()
            if not isinstance(one, dict) or id(one) in seen:
                continue
            seen.add(id(one))
            yield one
            for keyword in _SAME:
                found = one.get(keyword)
                waiting.extend(found if isinstance(found, list) else [found])
            waiting.extend(_mapping(one.get("dependentSchemas")).values())
            reference = one.get("$ref")
            if isinstance(reference, str):
                waiting.append(resolve(self._root, reference))


def _of_key(schema: JsonObject, key: str) -> Iterator[JsonValue]:
    """Yield what a schema says of a key; a pattern is taken to fit every key."""
    declared = _mapping(schema.get("properties"))
    if key in declared:
        yield declared[key]
    else:
        yield schema.get("additionalProperties")
        yield schema.get("unevaluatedProperties")
    yield from _mapping(schema.get("patternProperties")).values()


def _of_item(schema: JsonObject, index: int) -> Iterator[JsonValue]:
    first = schema.get("prefixItems")
    if isinstance(first, list) and index < len(first):
        yield first[index]
    else:
        yield schema.get("items")
        yield schema.get("unevaluatedItems")
    yield schema.get("contains")


def _mapping(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
