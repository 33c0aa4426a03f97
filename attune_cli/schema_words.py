"""One key of a document in plain words: what it takes, what it is when it is left out, what it is for; from its JSON Schema.

Called by `attune schema`; the schemas are the shipped ones, which are made from the models.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from attune_cli.errors import NoSuchSchema
from attune_core.expressions.suggestion import suggestion
from attune_core.quantities import DURATION_PATTERN
from attune_core.shipped import shipped
from attune_core.values import JsonObject, JsonValue

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
#: JSON Schema keyword -> how the bound is said.
_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "items: at least {}",
    "maxItems": "items: at most {}",
    "maxProperties": "at most {} entries",
    "pattern": "of the form {}",
}


def schema_kinds() -> list[str]:
    """Return the kinds of documents that have a schema."""
    return sorted(path.stem for path in shipped("schemas").glob("*.json"))


def schema_of(kind: str) -> JsonObject:
    """Return the JSON Schema of a kind of document; `NoSuchSchema` if there is none."""
    if kind not in schema_kinds():
        if kind.partition(".")[0] in schema_kinds():
            raise NoSuchSchema(
                f"{kind[:80]!r} is a key, not a kind of document", hint=f"`attune schema explain {kind[:80]}` says what it is"
            )
        raise NoSuchSchema(f"there is no kind of document {kind[:80]!r}", hint=suggestion(kind, schema_kinds()))
    schema: JsonValue = json.loads((shipped("schemas") / f"{kind}.json").read_text(encoding="utf-8"))
    return _mapping(schema)


@dataclass(frozen=True)
class Key:
    """One key: its path such as `action.concurrency.key`, its schema, whether documents must have it, and what `$ref` leads to."""

    path: str
    schema: JsonObject
    definitions: JsonObject
    required: bool = False

    def children(self) -> Mapping[str, "Key"]:
        """Return the keys inside, those of a list's items included."""
        inside = self._resolved(_mapping(self.schema.get("items"))) or self.schema
        required = inside.get("required")
        names = required if isinstance(required, list) else []
        return {name: self._below(name, one, required=name in names) for name, one in _mapping(inside.get("properties")).items()}

    def child(self, name: str) -> "Key":
        """Return one key inside; where people choose the names, any name is one. `NoSuchSchema` says what there is."""
        known = self.children()
        if name in known:
            return known[name]
        for entry in _mapping(self.schema.get("patternProperties")).values():
            return self._below(name, entry)
        raise NoSuchSchema(f"{self.path} has no key {name[:80]!r}", hint=suggestion(name, known))

    def takes(self) -> str:
        """Return what the value may be."""
        if self.schema.get("pattern") == DURATION_PATTERN:
            return "a duration: numbers with units, such as 30s, 5m, 24h or 250ms"
        return ", ".join(
            [self._type(self.schema), *(said.format(self.schema[word]) for word, said in _BOUNDS.items() if word in self.schema)]
        )

    def _type(self, schema: JsonObject) -> str:
        if "const" in schema:
            return json.dumps(schema["const"])
        if isinstance(choices := schema.get("enum"), list):
            return "one of " + ", ".join(str(choice) for choice in choices)
        if isinstance(ways := schema.get("anyOf"), list):
            return " or ".join(self._type(self._resolved(_mapping(way))) for way in ways)
        kind = schema.get("type")
        if kind == "array":
            inside = self._type(self._resolved(_mapping(schema.get("items"))))
            return "a list" if inside == "anything" else f"a list, each {inside}"
        return _TYPES.get(kind, kind) if isinstance(kind, str) else "anything"

    def _below(self, name: str, schema: JsonValue, *, required: bool = False) -> "Key":
        return Key(f"{self.path}.{name}", self._resolved(_mapping(schema)), self.definitions, required)

    def _resolved(self, schema: JsonObject) -> JsonObject:
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/$defs/"):
            return schema
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {**_mapping(self.definitions.get(reference.removeprefix("#/$defs/"))), **beside}


def key_at(path: str) -> Key:
    """Return the key of a path: the kind of document, then the keys down to it."""
    kind, *names = path.split(".")
    if kind == "core":
        key, names = _internal_event(names[0] if names else ""), names[1:]
    else:
        whole = schema_of(kind)
        key = Key(kind, whole, _mapping(whole.get("$defs")), required=True)
    for name in names:
        key = key.child(name)
    return key


def _internal_event(name: str) -> Key:
    """Return the data of an event that the controller itself makes; `NoSuchSchema`."""
    from attune_core.internal_events import INTERNAL_EVENTS

    known = INTERNAL_EVENTS.get(f"core.{name}")
    if known is None:
        raise NoSuchSchema(f"the controller makes no event core.{name[:80]}", hint=suggestion(f"core.{name}", INTERNAL_EVENTS))
    return Key(known.ref, {"description": known.description, **known.schema}, {}, required=True)


def _mapping(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
