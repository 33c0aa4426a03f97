"""Inferring: the JSON Schema that everything seen fits, and a note at each place where the observations do not decide; pure.

Called by `attune trigger infer` once all events were seen. It closes nothing that more events would have to open again: an enumeration
only where few words come again and again, no bounds, no lengths, and other fields are always allowed.
"""

import re
from collections.abc import Iterator

from attune_core.catalog.source_text import HIDDEN
from attune_core.observed.shape import LONGEST_KEY, MOST_FIELDS, Shape, Texts
from attune_core.values import JsonObject, JsonValue

#: Place in the schema -> what is to be said there.
Notes = dict[tuple[str, ...], list[str]]

#: An enumeration: at most so many values, seen so often in all, and each so often on average.
ENUM_VALUES, ENUM_SEEN, ENUM_EACH = 8, 20, 5
#: Fields whose values are names of things, of which there will be others.
_NAMES = re.compile(
    r"(^|[_.-])(id|ids|uuid|guid|key|sha|hash|digest|name|login|user|username|author|owner|email|host|hostname|node|server|unit|service|"
    r"instance|url|uri|path|file|title|message|text|description|summary|token|ref|branch|tag|version|repository|address|ip)$|[a-z]I[dD]$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z][A-Za-z_ -]{0,39}", re.ASCII)
#: A key that a program would use as a field.
_FIELD = re.compile(r"[A-Za-z_$@][A-Za-z_-]*[0-9]{0,2}", re.ASCII)
#: Keys that are all of another form than fields are data from so many on; of the form of fields, from so many.
MAP_KEYS, MAP_FIELDS = 3, 25
#: Fields of one schema that are described.
MOST_DESCRIBED = 2000


def infer(shape: Shape) -> tuple[JsonObject, Notes]:
    """Return the schema of an event's data, whose root is always an object with fields, and the notes."""
    found = _Inferring(shape.count)
    return found.object(shape, (), is_map=False), found.notes


class _Inferring:
    def __init__(self, events: int) -> None:
        self._events = events
        self._left = MOST_DESCRIBED
        self.notes: Notes = {}

    def object(self, shape: Shape, place: tuple[str, ...], *, is_map: bool) -> JsonObject:
        """Return the keywords of an object: a map, or fields with those that are always there as required."""
        if is_map:
            keys = f"{len(shape.fields)}" if shape.fields else f"more than {MOST_FIELDS}"
            self._note(place, f"its keys look like data ({keys} different ones): a map")
            below = (*place, "additionalProperties")
            return {"type": "object", "additionalProperties": self.schema(shape.merged(), below, "")}
        objects = shape.types.get("object", 0)
        names = [name for name in shape.fields if not HIDDEN.search(name) and len(name) <= LONGEST_KEY]
        if not names:
            self._note(place, "no fields were seen" if not shape.fields else "its keys cannot be written in a document")
            return {"type": "object"}
        found: JsonObject = {"type": "object"}
        if required := [name for name in names if shape.fields[name].count == objects]:
            found["required"] = [*required]
        properties: JsonObject = {name: self._field(shape.fields[name], (*place, "properties", name), objects) for name in names}
        return found | {"properties": properties}

    def _field(self, shape: Shape, place: tuple[str, ...], objects: int) -> JsonObject:
        if shape.count < objects:
            self._note(place, f"in {shape.count} of {objects}" if shape.count > 1 else f"seen only once in {objects}")
        return self.schema(shape, place, place[-1])

    def schema(self, shape: Shape, place: tuple[str, ...], name: str) -> JsonObject:
        """Return the schema of one place."""
        self._left -= 1
        types = _types(shape)
        if types in ([], ["null"]) or self._left < 0:
            self._note(place, "always null: what else it may be is not known" if self._left >= 0 else "not described: too many fields")
            return {}
        if len(types) - ("null" in types) > 1:
            self._note(place, "mixed types: " + ", ".join(f"{kind} {shape.types.get(kind, 0)} times" for kind in types))
        elif "string" in types and (enum := self._enum(shape.texts, name)):
            self._note(place, f"{len(enum)} values in {sum(shape.texts.counts.values())}: are these all there can be?")
            nothing: list[JsonValue] = [None] if "null" in types else []
            return {"enum": [*enum, *nothing]}
        found: JsonObject = {}
        for keywords in self._keywords(shape, place, types):
            found |= keywords
        kinds: JsonValue = types[0] if len(types) == 1 else [*types]
        return {**found, "type": kinds} if "type" in found else {"type": kinds, **found}

    def _keywords(self, shape: Shape, place: tuple[str, ...], types: list[str]) -> Iterator[JsonObject]:
        if "string" in types and shape.texts.are_moments:
            yield {"format": "date-time"}
        if "object" in types:
            yield self.object(shape, place, is_map=_is_map(shape))
        if "array" in types and shape.items is not None:
            yield {"items": self.schema(shape.items, (*place, "items"), "")}
        elif "array" in types:
            self._note(place, "no items were seen")

    def _enum(self, texts: Texts, name: str) -> list[str]:
        """Return the words of an enumeration, nothing if it may be none."""
        words, seen = sorted(texts.counts), sum(texts.counts.values())
        if texts.too_many or not 2 <= len(words) <= ENUM_VALUES or seen < max(ENUM_SEEN, ENUM_EACH * len(words)) or _NAMES.search(name):
            return []
        return words if all(_WORD.fullmatch(word) and texts.counts[word] > 1 for word in words) else []

    def _note(self, place: tuple[str, ...], text: str) -> None:
        self.notes.setdefault(place, []).append(text)


def _types(shape: Shape) -> list[str]:
    """Return the types in a settled order; a number takes integers too."""
    found = set(shape.types)
    if "number" in found:
        found.discard("integer")
    return [kind for kind in ("string", "integer", "number", "boolean", "array", "object", "null") if kind in found]


def _is_map(shape: Shape) -> bool:
    """Tell whether an object's keys are data: they look so, or there are many and none is always there; and the values are alike."""
    if shape.is_map:
        return True
    objects = shape.types.get("object", 0)
    if any(one.count == objects for one in shape.fields.values()) and objects > 1:
        return False
    look_like_data = len(shape.fields) >= MAP_KEYS and not any(_FIELD.fullmatch(key) for key in shape.fields)
    many = len(shape.fields) >= MAP_FIELDS and objects > 1
    kinds = {frozenset("number" if kind == "integer" else kind for kind in one.types if kind != "null") for one in shape.fields.values()}
    return len(kinds - {frozenset()}) <= 1 and (look_like_data or many)
