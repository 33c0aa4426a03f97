"""Generated cases: an expression of the table in `grammar`, well-typed or spoiled at one place, with values for the variables it reads.

Used by the differential test.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import NamedTuple

from hypothesis import strategies as st

from attune_core.values import JsonValue
from tests.core.expressions.grammar import ANY, ELEMENTS, FOR_ONE_FUNCTION, INNER, LEAVES, VARIABLES
from tests.core.expressions.variable_values import values_of

_HOLE = re.compile(r"([@#])((?:list|map|optional)\((?:\w+|\w+\(\w+\))\)|\w+)")
_LETTER = re.compile(r"\b[TU]\b")
_NAME = re.compile(r"[a-z]+")
_CONSTRUCTED = re.compile(r"(list|map|optional)\((.*)\)\Z")
_BOUND = ("v", "w", "u")
#: Kinds that only stand at certain places, and are never wrong there.
_PARTS = frozenset({"getter", "part", "key", "index"})
_WRONG = ("int", "double", "string", "bool", "null", "bytes", "timestamp", "duration", "list(int)", "list(string)", "map(dyn)", "map(int)")
_SIXTHS = st.integers(0, 5)
_ELEMENTS = st.sampled_from(ELEMENTS)


class Spoiled(Enum):
    """How one operand is replaced by one of another kind."""

    NO = "no"
    WRITTEN = "written"
    HIDDEN = "hidden behind dyn()"


@dataclass(frozen=True)
class Case:
    """An expression and the values of the variables that it reads (of the others: the first of their values)."""

    source: str
    activation: dict[str, JsonValue]


class _Template(NamedTuple):
    """A line of the table: text, holes (sign and kind) and text, in turn; `letters` stand for kinds that are still to be chosen."""

    texts: tuple[str, ...]
    holes: tuple[tuple[str, str], ...]
    letters: frozenset[str]


def _template(text: str, element: str = "T") -> _Template:
    """Read a line; `element` is what T is in it."""
    pieces = _HOLE.split(text)
    holes = tuple(
        (sign, _LETTER.sub(lambda letter: element if letter[0] == "T" else "U", kind))
        for sign, kind in zip(pieces[1::3], pieces[2::3], strict=True)
    )
    return _Template(tuple(pieces[::3]), holes, frozenset(letter for _, kind in holes for letter in _LETTER.findall(kind)))


@cache
def _leaves(kind: str) -> st.SearchStrategy[_Template]:
    """Return the leaves of a kind, its variables five times as often as its literals."""
    found = [_template(name) for name, of in VARIABLES.items() if of == kind and name not in FOR_ONE_FUNCTION]
    if made := _CONSTRUCTED.match(kind):
        found += [_template(text, made[2]) for text in LEAVES[f"{made[1]}(T)"]]
    return st.sampled_from([*found * 5, *map(_template, LEAVES.get(kind, ()))])


@cache
def _inner(kind: str) -> st.SearchStrategy[_Template] | None:
    """Return the other templates of a kind, if there are any; those of every kind are about a quarter of them."""
    found = [_template(text) for text in INNER.get(kind, ())]
    if made := _CONSTRUCTED.match(kind):
        found += [_template(text, made[2]) for text in INNER[f"{made[1]}(T)"]]
    if kind not in _PARTS and not kind.startswith("optional"):
        found = found * max(1, 3 * len(ANY) // max(1, len(found))) + [_template(text, kind) for text in ANY]
    return st.sampled_from(found) if found else None


@cache
def _wrong(kind: str) -> st.SearchStrategy[str]:
    return st.sampled_from([one for one in _WRONG if one != kind])


@dataclass
class _Writer:
    """Fills holes; one of them, counted from the outside, with another kind."""

    draw: st.DrawFn
    spoiled: Spoiled
    spoil_at: int
    bound: list[tuple[str, str]] = field(default_factory=list)

    def write(self, kind: str, depth: int) -> str:
        """Return an expression of a kind, nested up to `depth`."""
        mine = [name for name, of in self.bound if of == kind]
        if mine and self.draw(_SIXTHS) < 2:
            return mine[-1]
        inner = _inner(kind) if depth else None
        if inner is None or (kind not in _PARTS and self.spoiled is Spoiled.NO and self.draw(_SIXTHS) == 0):
            return self.fill(self.draw(_leaves(kind)), 0)
        return self.fill(self.draw(inner), depth - 1)

    def fill(self, template: _Template, depth: int) -> str:
        """Return a template with its holes filled; what it binds is known in the holes behind."""
        chosen = {letter: self.draw(_ELEMENTS) for letter in sorted(template.letters)}
        before = len(self.bound)
        parts = [template.texts[0]]
        for (sign, kind), text in zip(template.holes, template.texts[1:], strict=True):
            whole = _LETTER.sub(lambda letter: chosen[letter[0]], kind) if chosen else kind
            parts += (self.bind(whole) if sign == "#" else self.hole(whole, depth), text)
        del self.bound[before:]
        return "".join(parts)

    def bind(self, kind: str) -> str:
        """Return the name of a new variable."""
        name = _BOUND[len(self.bound) % len(_BOUND)]
        self.bound.append((name, kind))
        return name

    def hole(self, kind: str, depth: int) -> str:
        """Return what stands in one hole."""
        if kind not in _PARTS:
            self.spoil_at -= 1
            if self.spoil_at == 0:
                text = self.write(self.draw(_wrong(kind)), min(depth, 1))
                return f"dyn({text})" if self.spoiled is Spoiled.HIDDEN else text
        return self.write(kind, depth)


@st.composite
def cases(draw: st.DrawFn, kinds: tuple[str, ...], depth: int, spoiled: Spoiled = Spoiled.NO) -> Case:
    """Return cases whose expression, unless spoiled, is of one of these kinds."""
    writer = _Writer(draw, spoiled, 0 if spoiled is Spoiled.NO else draw(st.integers(1, 4)))
    source = writer.write(draw(st.sampled_from(kinds)), depth)
    read = set(_NAME.findall(source))
    return Case(source, {name: draw(_values(name)) if name in read else values_of(name)[0] for name in VARIABLES})


@cache
def _values(name: str) -> st.SearchStrategy[JsonValue]:
    return st.sampled_from(values_of(name))
