"""Walking a JSON Schema (2020-12): its keywords, its subschemas, and how often following every `$ref` would unfold it.

Called by `check_schemas`; the keyword lists are those of the standard's vocabularies.
"""

from collections.abc import Iterator

from attune_core.values import JsonValue

Place = tuple[str | int, ...]

_ONE = frozenset(
    {"additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else", "unevaluatedItems"}
    | {"unevaluatedProperties", "contentSchema"}
)
_LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
#: Every keyword of 2020-12 that is taken; left out are those that move the base of references.
KEYWORDS = frozenset(
    {"$schema", "$ref", "$comment", "type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"}
    | {"maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains", "minContains", "maxProperties"}
    | {"minProperties", "required", "dependentRequired", "format", "contentEncoding", "contentMediaType", "title", "description"}
    | {"default", "deprecated", "readOnly", "writeOnly", "examples"}
    | (_ONE | _LISTED | _NAMED)
)
#: Following every `$ref` may visit this many subschemas; a few lines of doubling references would else mean 2^50.
UNFOLDED = 50_000


def subschemas(schema: JsonValue, place: Place = ()) -> Iterator[tuple[Place, dict[str, JsonValue]]]:
    """Yield each schema object inside a schema, itself first, with its place."""
    waiting: list[tuple[Place, JsonValue]] = [(place, schema)]
    while waiting:
        at, one = waiting.pop()
        if isinstance(one, dict):
            yield at, one
            waiting.extend(reversed([((*at, *below), child) for below, child in _children(one)]))


def is_too_large(schema: JsonValue) -> bool:
    """Tell whether validating would visit more than UNFOLDED subschemas for one value; a recursive `$ref` counts once."""
    try:
        return _Unfolding(schema).size(schema, frozenset()) > UNFOLDED
    except RecursionError:  # references chained over hundreds of definitions
        return True


class _Unfolding:
    def __init__(self, root: JsonValue) -> None:
        self._root = root
        self._sizes: dict[str, int] = {}

    def size(self, schema: JsonValue, inside: frozenset[str]) -> int:
        """Return the unfolded size; each reference is entered once on a path."""
        if not isinstance(schema, dict):
            return 1
        total = 1 + sum(self.size(child, inside) for place, child in _children(schema) if place[0] != "$defs")
        target = schema.get("$ref")
        if isinstance(target, str) and target not in inside:
            if target not in self._sizes:
                self._sizes[target] = self.size(resolve(self._root, target), inside | {target})
            total += self._sizes[target]
        return total


def resolve(root: JsonValue, reference: str) -> JsonValue:
    """Return what a `#/…` reference names, None if there is nothing."""
    found = root
    for part in reference.removeprefix("#").split("/")[1:]:
        step = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def _children(schema: dict[str, JsonValue]) -> Iterator[tuple[Place, JsonValue]]:
    for keyword, value in schema.items():
        if keyword in _ONE:
            yield (keyword,), value
        elif keyword in _LISTED and isinstance(value, list):
            yield from (((keyword, index), child) for index, child in enumerate(value))
        elif keyword in _NAMED and isinstance(value, dict):
            yield from (((keyword, name), child) for name, child in value.items())
