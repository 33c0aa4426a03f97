"""The type of the values that a JSON Schema (2020-12) admits, as far as the checker can use it.

Called by the catalog for payloads, parameters and results. What is not understood is `Dyn`, and where a schema says a thing in several
ways every field that one of them names exists: never a false alarm.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from attune_core.expressions.merging import UNKNOWN, both, widened
from attune_core.expressions.types import BOOL, DOUBLE, DYN, INT, NULL, STRING, Dyn, Field, List, Map, Object, String, Type, union
from attune_core.values import JsonObject, JsonValue

#: Schemas inside each other.
_MAX_DEPTH = 32
#: Schemas visited for one type, `$ref`s expanded: what is beyond is `Dyn`. GitHub's largest payload schema has about 2,500.
_MAX_SCHEMAS = 20_000
#: A longer enum is a plain string.
_MAX_CHOICES = 1_000

_PLAIN: Mapping[str, Type] = {"string": STRING, "integer": INT, "number": DOUBLE, "boolean": BOOL, "null": NULL}
_OBJECT_KEYS = ("properties", "additionalProperties", "patternProperties", "required")
_LIST_KEYS = ("items", "prefixItems")


def type_of_schema(schema: JsonValue) -> Type:
    """Return the type of a schema's values; `$ref` is followed inside this document only."""
    return _Reader(schema).type_of(schema, 0)


class _Reader:
    """One walk through one document."""

    def __init__(self, document: JsonValue) -> None:
        self._document, self._left = document, _MAX_SCHEMAS
        #: The `$ref`s being expanded: one inside itself is a recursive type, known to one level and `Dyn` below.
        self._open: set[str] = set()

    def type_of(self, schema: JsonValue, depth: int) -> Type:
        self._left -= 1
        if not isinstance(schema, dict):
            return DYN
        if depth > _MAX_DEPTH or self._left < 0 or "$dynamicRef" in schema or ("$id" in schema and depth):
            return UNKNOWN
        found = self._own_type(schema, depth)
        if "$ref" in schema:
            found = both(found, self._referenced(schema["$ref"], depth))
        return self._combined(found, schema, depth)

    def _combined(self, found: Type, schema: JsonObject, depth: int) -> Type:
        """Add what the schemas inside this one say of the same value."""
        for one in _sequence(schema.get("allOf")):
            found = both(found, self.type_of(one, depth + 1))
        for key in ("anyOf", "oneOf"):
            alternatives = _sequence(schema.get(key))
            if alternatives:
                found = union([both(found, self.type_of(one, depth + 1)) for one in alternatives])
        for one in (schema.get("then"), schema.get("else"), *_mapping(schema.get("dependentSchemas")).values()):
            if isinstance(one, dict):
                found = widened(found, self.type_of(one, depth + 1))
        if schema.get("nullable") is True and not isinstance(found, Dyn):
            return union((found, NULL))
        return found

    def _referenced(self, reference: JsonValue, depth: int) -> Type:
        if not isinstance(reference, str) or not reference.startswith("#") or reference in self._open:
            return UNKNOWN
        target = self._at(reference)
        if target is None:
            return UNKNOWN
        self._open.add(reference)
        found = self.type_of(target, depth + 1)
        self._open.remove(reference)
        return found

    def _at(self, reference: str) -> JsonValue:
        """Return what a JSON pointer (RFC 6901, as a URI fragment) names; None if nothing."""
        found = self._document
        pointer = unquote(reference[1:])
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict):
                found = found.get(key)
            elif isinstance(found, list) and key.isascii() and key.isdigit() and int(key[:9]) < len(found):
                found = found[int(key[:9])]
            else:
                return None
        #: `#name` is an anchor, not a pointer: not understood.
        return None if pointer and not pointer.startswith("/") else found

    def _own_type(self, schema: JsonObject, depth: int) -> Type:
        """Return the type by the schema's own keywords, without what it refers to."""
        if "const" in schema:
            return _type_of_values([schema["const"]])
        values = schema.get("enum")
        if isinstance(values, list):
            return _type_of_values(values)
        kinds = schema.get("type")
        names = [kinds] if isinstance(kinds, str) else _sequence(kinds)
        if not names:
            if any(key in schema for key in ("properties", "patternProperties")):
                names = ["object"]
            elif any(key in schema for key in _LIST_KEYS):
                names = ["array"]
        return union([self._kind(name, schema, depth) for name in names])

    def _kind(self, name: JsonValue, schema: JsonObject, depth: int) -> Type:
        if name == "object":
            return self._object(schema, depth)
        if name == "array":
            parts = [self.type_of(one, depth + 1) for one in _sequence(schema.get("prefixItems"))]
            if "items" in schema:
                parts.append(self.type_of(schema["items"], depth + 1) if schema["items"] is not False else parts[0] if parts else DYN)
            elif parts:
                parts.append(DYN)
            return List(union(parts))
        return _PLAIN.get(name, DYN) if isinstance(name, str) else DYN

    def _object(self, schema: JsonObject, depth: int) -> Type:
        required = {name for name in _sequence(schema.get("required")) if isinstance(name, str)}
        declared = _mapping(schema.get("properties"))
        additional = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
        patterns = [self.type_of(one, depth + 1) for one in _mapping(schema.get("patternProperties")).values()]
        extra: Type | None = union(patterns) if patterns else None
        if isinstance(additional, dict):
            extra = union([*patterns, self.type_of(additional, depth + 1)])
        elif additional is True:
            extra = DYN
        closed = additional is False
        if not declared and not closed:
            return Map(extra or DYN)
        fields = {name: Field(self.type_of(one, depth + 1), name in required) for name, one in declared.items()}
        fields.update({name: Field(extra or DYN, required=True) for name in required if name not in fields})
        title = schema.get("title")
        return Object(fields, extra, title if isinstance(title, str) else None, closed and not patterns)


def _type_of_values(values: Sequence[JsonValue]) -> Type:
    texts = tuple(value for value in values if isinstance(value, str))
    found: list[Type] = [String(texts if len(texts) <= _MAX_CHOICES else None)] if texts else []
    for value in values:
        if isinstance(value, dict | list):
            found.append(Map(DYN) if isinstance(value, dict) else List(DYN))
        elif value is None or isinstance(value, bool):
            found.append(NULL if value is None else BOOL)
        elif not isinstance(value, str):
            found.append(DOUBLE if isinstance(value, float) else INT)
    return union(found)


def _sequence(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else ()


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}
