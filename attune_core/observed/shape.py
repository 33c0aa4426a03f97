"""Shape: what was seen at one place of many values: how often, of which types, with which fields, items and texts; pure.

Filled by `attune trigger infer` from each event's data; `inferring` makes a schema of it. Its size is bounded whatever is seen.
"""

from dataclasses import dataclass, field

from attune_core.json_schema import SchemaValidator
from attune_core.values import JsonValue

#: Different keys of the objects at one place; with more they are taken for data, and their values for alike.
MOST_FIELDS = 200
#: Different texts at one place that are counted one by one.
MOST_TEXTS = 20
#: Characters of a text that may be a word of an enumeration, and of a key that may be a field's.
LONGEST_TEXT, LONGEST_KEY = 40, 200
#: Places below one trigger's data that are looked at; what comes at others when there are so many is not.
MOST_PLACES = 20_000
#: Levels of lists and objects that are looked into; a document may be nested 50 deep, and a level of data takes two.
DEPTH = 16

_MOMENT = SchemaValidator({"type": "string", "format": "date-time"})


@dataclass(kw_only=True)
class Texts:
    """The texts at one place: how often each was seen while there are few, and whether all are moments."""

    counts: dict[str, int] = field(default_factory=dict)
    too_many: bool = False
    are_moments: bool = True

    def add(self, text: str) -> None:
        """Count one."""
        self.are_moments = self.are_moments and _MOMENT.fits(text)
        if text in self.counts or (len(self.counts) < MOST_TEXTS and len(text) <= LONGEST_TEXT):
            self.counts[text] = self.counts.get(text, 0) + 1
        else:
            self.too_many = True

    def take(self, other: "Texts") -> None:
        """Count those of another place as well."""
        for text, count in other.counts.items():
            if text in self.counts or len(self.counts) < MOST_TEXTS:
                self.counts[text] = self.counts.get(text, 0) + count
            else:
                self.too_many = True
        self.too_many = self.too_many or other.too_many
        self.are_moments = self.are_moments and other.are_moments


@dataclass
class Room:
    """How many places there may still be; one for all places of a trigger's data."""

    left: int = MOST_PLACES


@dataclass(kw_only=True)
class Shape:
    """One place. `types` counts by JSON Schema's names; `is_map`: more keys than MOST_FIELDS, whose values are all in `values`."""

    count: int = 0
    types: dict[str, int] = field(default_factory=dict)
    texts: Texts = field(default_factory=Texts)
    fields: "dict[str, Shape]" = field(default_factory=dict)
    is_map: bool = False
    values: "Shape | None" = None
    items: "Shape | None" = None
    room: Room = field(default_factory=Room, repr=False)

    def add(self, value: JsonValue, depth: int = 0) -> None:
        """See one value."""
        kind = _type_of(value)
        self.count += 1
        self.types[kind] = self.types.get(kind, 0) + 1
        if isinstance(value, str):
            self.texts.add(value)
        elif isinstance(value, list) and depth < DEPTH:
            for item in value:
                self.items = self.items or self._new()
                if self.items is not None:
                    self.items.add(item, depth + 1)
        elif isinstance(value, dict) and depth < DEPTH:
            for key, one in value.items():
                if (place := self._field(key[: LONGEST_KEY + 1])) is not None:
                    place.add(one, depth + 1)

    def take(self, other: "Shape") -> None:
        """See everything that was seen at another place as well."""
        self.count += other.count
        for kind, count in other.types.items():
            self.types[kind] = self.types.get(kind, 0) + count
        self.texts.take(other.texts)
        if other.items is not None:
            self.items = self.items or self._new()
            if self.items is not None:
                self.items.take(other.items)
        for key, one in other.fields.items():
            if (place := self._field(key)) is not None:
                place.take(one)
        if other.values is not None:
            self._collapse().take(other.values)

    def merged(self, room: Room | None = None) -> "Shape":
        """Return one shape for the values of all keys, as far as there is room."""
        found = Shape(room=room or Room())
        for one in (*self.fields.values(), *([self.values] if self.values is not None else [])):
            found.take(one)
        return found

    def _field(self, key: str) -> "Shape | None":
        if key in self.fields:
            return self.fields[key]
        if self.is_map or len(self.fields) >= MOST_FIELDS:
            return self._collapse()
        if (place := self._new()) is not None:
            self.fields[key] = place
        return place

    def _collapse(self) -> "Shape":
        """Take all keys for data."""
        if self.values is None:
            self.is_map, self.values, self.fields = True, self.merged(self.room), {}
        return self.values

    def _new(self) -> "Shape | None":
        """Return one more place, None when there is no room for it."""
        if self.room.left <= 0:
            return None
        self.room.left -= 1
        return Shape(room=self.room)


def _type_of(value: JsonValue) -> str:  # noqa: PLR0911 - one line per type
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
