"""A document as a tree of values that know where they stand, so that every Problem has line and column.

Built by `documents`; the checks of the catalog ask it for Spans of values, keys and stretches inside a text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from attune_core.catalog.source_text import span_at
from attune_core.catalog.text_offsets import offsets_in_source
from attune_core.problems import Span
from attune_core.values import JsonValue

#: Keys and indexes from the document's root.
Place = Sequence[str | int]


class Mark(Protocol):
    """A position as the YAML parser counts it: line and column from 0, index in characters."""

    @property
    def line(self) -> int: ...  # noqa: D102 - the class says it
    @property
    def column(self) -> int: ...  # noqa: D102
    @property
    def index(self) -> int: ...  # noqa: D102


@dataclass(slots=True)
class Node:
    """One value. `style` is the scalar's quote or block sign, "" for plain; `members` and `items` are a collection's content.

    A block collection ends where the next thing begins, with what stands between.
    """

    value: JsonValue
    start: Mark
    end: Mark
    style: str = ""
    members: "dict[str, tuple[Node, Node]] | None" = None  # key -> (the key's own node, the value's)
    items: "list[Node] | None" = None


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document that was read: its text and the tree of its values."""

    path: str
    text: str
    root: Node

    @property
    def value(self) -> JsonValue:
        """The plain JSON value."""
        return self.root.value

    def value_at(self, place: Place) -> JsonValue:
        """Return the value at a place, None where there is none."""
        found = self.at(place)
        return None if found is None else found[1].value

    def at(self, place: Place) -> "tuple[Node | None, Node] | None":
        """Return the key, if it has one, and the value at a place; None where there is none."""
        found: tuple[Node | None, Node] | None = (None, self.root)
        for part in place:
            found = _child(found[1], part) if found is not None else None
        return found

    def span(self, place: Place = (), *, of: Literal["value", "key"] = "value") -> Span:
        """Return where a value or its key stands; a place that does not exist gives its nearest existing parent.

        A collection is shown by its key, because its own stretch may be the whole document.
        """
        key: Node | None = None
        node = self.root
        for part in place:
            found = _child(node, part)
            if found is None:
                of = "key"
                break
            key, node = found[0] or key, found[1]
        is_scalar = node.members is None and node.items is None
        shown = node if key is None or (of == "value" and is_scalar and node.end.index > node.start.index) else key
        return self._span_of(shown)

    def span_inside(self, place: Place, start: int, end: int) -> Span:
        """Return where the characters `start:end` of a text value stand; exact on one line, at least line-exact in folded text."""
        found = self.at(place)
        if found is None or not isinstance(found[1].value, str):
            return self.span(place)
        node, value = found[1], found[1].value
        source = self.text[node.start.index : node.end.index]
        offsets = offsets_in_source(source, node.style, value)
        first = offsets[min(max(start, 0), len(value))]
        last = offsets[min(max(end - 1, start, 0), len(value))] + 1
        return span_at(self.text, node.start.index + first, node.start.index + max(last, first + 1))

    def _span_of(self, node: Node) -> Span:
        if node.members is not None or node.items is not None or node.style in ("|", ">"):
            return span_at(self.text, node.start.index)
        return span_at(self.text, node.start.index, max(node.end.index, node.start.index + 1))


def _child(node: Node, part: str | int) -> tuple[Node | None, Node] | None:
    if node.members is not None:
        return node.members.get(part) if isinstance(part, str) else None
    if node.items is not None and isinstance(part, int) and 0 <= part < len(node.items):
        return None, node.items[part]
    return None
