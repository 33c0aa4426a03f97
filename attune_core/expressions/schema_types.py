"""The type of the values that a JSON Schema (2020-12) admits, as far as the checker can use it.

Called by the catalog for payloads, parameters and results. What is not understood is `Dyn`, and where a schema says a thing in several
ways every field that one of them names exists: never a false alarm.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from attune_core.expressions.merging import UNKNOWN, both, needing, sometimes_needing, widened
from attune_core.expressions.types import (
    BOOL,
    DOUBLE,
    DYN,
    INT,
    NULL,
    STRING,
    Bool,
    Dyn,
    Field,
    Int,
    List,
    Map,
    Object,
    OneOf,
    String,
    Type,
    members,
    union,
)
from attune_core.values import JsonObject, JsonValue

#: Schemas inside each other.
_MAX_DEPTH = 32
#: Schemas visited for one type, `$ref`s expanded: what is beyond is `Dyn`. GitHub's largest payload schema has about 2,500.
_MAX_SCHEMAS = 20_000
#: Saying something more of an object with many fields counts as more schemas: it is copied each time.
_FIELDS_PER_SCHEMA = 100
#: Positions of a tuple; what is longer is a list.
_MAX_POSITIONS = 100
#: A longer enum is a plain string.
_MAX_CHOICES = 1_000

_PLAIN: Mapping[str, Type] = {"integer": INT, "number": DOUBLE, "boolean": BOOL, "null": NULL}
#: Formats that the language has functions for.
_FORMATS = frozenset({"date-time", "duration"})
#: What a schema says beside its own type; most have none of these.
_COMBINING = frozenset({"$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas", "dependentRequired", "nullable"})
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
        """Return the type of a value that this schema alone describes."""
        needed: set[str] = set()
        return needing(self._narrowed(DYN, schema, depth, needed), needed)

    def _narrowed(self, found: Type, schema: JsonValue, depth: int, needed: set[str]) -> Type:
        """Return what is known of a value of type `found` that fits the schema too; the fields it must have go into `needed`."""
        self._left -= 1 + _size(found) // _FIELDS_PER_SCHEMA
        if not isinstance(schema, dict):
            return found
        if depth > _MAX_DEPTH or self._left < 0 or "$dynamicRef" in schema or ("$id" in schema and depth):
            return both(found, UNKNOWN)
        found = both(found, self._own_type(schema, depth))
        needed.update([name for name in _sequence(schema.get("required")) if isinstance(name, str)])
        if _COMBINING.isdisjoint(schema):
            return found
        if "$ref" in schema:
            found = self._referenced(found, schema["$ref"], depth, needed)
        for one in _sequence(schema.get("allOf")):
            found = self._narrowed(found, one, depth + 1, needed)
        for key in ("anyOf", "oneOf"):
            alternatives = _sequence(schema.get(key))
            if alternatives:
                found = union(self._alternative(found, one, depth) for one in alternatives)
        found = self._with_conditions(found, schema, depth)
        if schema.get("nullable") is True and not isinstance(found, Dyn):
            return union((found, NULL))
        return found

    def _alternative(self, found: Type, schema: JsonValue, depth: int) -> Type:
        needed: set[str] = set()
        return needing(self._narrowed(found, schema, depth + 1, needed), needed)

    def _with_conditions(self, found: Type, schema: JsonObject, depth: int) -> Type:
        """Add what holds only for some values: fields that may be there, and fields that are there depending on others."""
        if isinstance(schema.get("if"), dict):
            found = widened(found, _untyped(self.type_of(schema["if"], depth + 1)))
        for one in (schema.get("then"), schema.get("else"), *_mapping(schema.get("dependentSchemas")).values()):
            if isinstance(one, dict):
                found = widened(found, self.type_of(one, depth + 1))
        dependent = _mapping(schema.get("dependentRequired")).values()
        return sometimes_needing(found, [name for names in dependent for name in _sequence(names) if isinstance(name, str)])

    def _referenced(self, found: Type, reference: JsonValue, depth: int, needed: set[str]) -> Type:
        if not isinstance(reference, str) or not reference.startswith("#") or reference in self._open:
            return both(found, UNKNOWN)
        target = self._at(reference)
        if target is None:
            return both(found, UNKNOWN)
        self._open.add(reference)
        found = self._narrowed(found, target, depth + 1, needed)
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
        match name:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "string":
                form = schema.get("format")
                return String(format=form) if isinstance(form, str) and form in _FORMATS else STRING
            case str():
                return _PLAIN.get(name, DYN)
            case _:
                return DYN

    def _array(self, schema: JsonObject, depth: int) -> Type:
        first = tuple(self.type_of(one, depth + 1) for one in _sequence(schema.get("prefixItems")))
        if schema.get("items") is False:
            return List(union(first), first, closed=True) if len(first) <= _MAX_POSITIONS else List(union(first))
        return List(union((*first, self.type_of(schema.get("items"), depth + 1))), first[:_MAX_POSITIONS])

    def _object(self, schema: JsonObject, depth: int) -> Type:
        declared = _mapping(schema.get("properties"))
        extra, closed = self._undeclared(schema, depth)
        names = _names_allowed(schema.get("propertyNames"))
        if not declared and not closed and names is None:
            return Map(DYN if extra is None else extra)
        fields = {name: Field(self.type_of(one, depth + 1)) for name, one in declared.items()}
        if names is not None:
            fields.update({name: Field(DYN if extra is None else extra) for name in names if name not in fields and not closed})
            extra, closed = None, True
        title = schema.get("title")
        return Object(fields, extra, title if isinstance(title, str) else None, closed)

    def _undeclared(self, schema: JsonObject, depth: int) -> tuple[Type | None, bool]:
        """Return the type of fields that `properties` does not name, None if naming one is a mistake, and whether there are none."""
        additional = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
        patterns = [self.type_of(one, depth + 1) for one in _mapping(schema.get("patternProperties")).values()]
        if isinstance(additional, dict):
            return union([*patterns, self.type_of(additional, depth + 1)]), False
        if additional is False:
            return (union(patterns) if patterns else None), not patterns
        #: A name that fits no pattern may have any value.
        return (DYN if additional is True or patterns else None), False


def _names_allowed(schema: JsonValue) -> Sequence[str] | None:
    """Return the only names that `propertyNames` leaves, if it lists them."""
    if not isinstance(schema, dict):
        return None
    listed = [schema["const"]] if "const" in schema else schema.get("enum")
    return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) and len(listed) <= _MAX_CHOICES else None


def _size(one: Type) -> int:
    return sum(len(member.fields) for member in members(one) if isinstance(member, Object))


def _untyped(one: Type) -> Type:
    """Return the fields that `if` names, without what it asks of them."""
    if isinstance(one, OneOf):
        return union(_untyped(member) for member in one.members)
    return Object({name: Field(DYN) for name in one.fields}) if isinstance(one, Object) else DYN


def _type_of_values(values: Sequence[JsonValue]) -> Type:
    """Return the type of an enum or constant."""
    few = len(values) <= _MAX_CHOICES
    texts = tuple(value for value in values if isinstance(value, str))
    truths = tuple(value for value in values if isinstance(value, bool))
    numbers = tuple(value for value in values if isinstance(value, int) and not isinstance(value, bool))
    found: list[Type] = [String(texts if few else None)] if texts else []
    found += [Bool(truths if few else None)] if truths else []
    found += [Int(numbers if few else None)] if numbers else []
    found += [NULL] if None in values else []
    found += [DOUBLE] if any(isinstance(value, float) for value in values) else []
    found += [Map(DYN)] if any(isinstance(value, dict) for value in values) else []
    found += [List(DYN)] if any(isinstance(value, list) for value in values) else []
    return union(found)


def _sequence(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else ()


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}
