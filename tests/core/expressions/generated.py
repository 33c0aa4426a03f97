"""Generated cases: an expression of the table in `grammar`, well-typed or spoiled at one place, with values for the variables it reads.

Used by the differential test.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from functools import cache

from hypothesis import strategies as st

from attune_core.values import INT64_MAX, INT64_MIN, JsonValue
from tests.core.expressions.grammar import ANY, ELEMENTS, FOR_ONE_FUNCTION, INNER, LEAVES, VARIABLES

_HOLE = re.compile(r"([@#])((?:list|map|optional)\((?:\w+|\w+\(\w+\))\)|\w+)")
_NAME = re.compile(r"[a-z]+")
_CONSTRUCTED = re.compile(r"(list|map|optional)\((.*)\)\Z")
_BOUND = ("v", "w", "u")
#: Kinds that only stand at certain places, and are never wrong there.
_PARTS = frozenset({"getter", "part", "key", "index"})
_WRONG = ("int", "double", "string", "bool", "null", "bytes", "timestamp", "duration", "list(int)", "list(string)", "map(dyn)", "map(int)")


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


_DOUBLES = (0.0, -0.0, 1.0, -1.5, 0.1, 3.0, 1e6, 123456.7, 1e-5, 1e15, 2.5e100, 1e308, -7.25, 9.3e18)
_INTS = (*range(-3, 9), 12, INT64_MIN, INT64_MIN + 1, INT64_MAX, 2**31, 1_000_000, 1_767_323_045)
_TEXTS = ("abc", "", "a", "web_1", "añ😀", "12", " -3 ", "1.5", "true", "k", "A.B", "\n", "'q'", '"', "\\", "a,b,,c")
_ALIKE: tuple[JsonValue, ...] = (1, None, True, False, 0, -3, 2, 0.0, 1.0, 2.5, -1.0, *_TEXTS[:6])
_LISTS: tuple[JsonValue, ...] = ([], [1], [1, 2, 3], ["a"], [1, 1.0, "1", None], [[1], [2.0]], [{"a": 1}, {"a": None}], [True, False])
#: With one key at most: CEL goes through the keys of a map in any order.
_MAPS: tuple[JsonValue, ...] = ({}, {"a": 1}, {"k": {"a": 2}}, {"a": None}, {"k": [1, 2]}, {"k": "abc"}, {"zz": 2.0})
_POOLS: dict[str, tuple[JsonValue, ...]] = {
    "int": _INTS,
    "double": _DOUBLES,
    "string": _TEXTS,
    "bool": (True, False),
    "null": (None,),
    "list(int)": ([1, 2, 3], [], [0], [7, 7], [INT64_MAX, 1], [-3, 0, 3, 12]),
    "list(string)": (["a", "b"], [], [""], ["añ😀", "abc", "a"], ["k", "zz"]),
    "map(dyn)": ({"k": 1}, {}, {"a": "x", "k": None}, {"k": {"a": 1}}, {"zz": [1, 2.0], "a": 0.5}, {"k": [0, 1], "a": {}, "zz": True}),
    "map(int)": ({"k": 1}, {}, {"a": 0, "k": -3}, {"zz": INT64_MAX}),
    "dyn": (*_ALIKE, *_LISTS, *_MAPS),
    "when": (
        *("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456+01:00", "1969-07-20T20:17:40Z", "2026-02-30T00:00:00Z", "2026-01-02"),
        *("2000-02-29T00:00:00-11:30", "2026-12-31T23:59:59.999999Z", "1900-01-01T00:00:00.5Z", "2026-07-01T00:00:00.123456789Z"),
        *("2026-01-02T24:00:00Z", "2026-01-02t03:04:05z", "9999-12-31T23:59:59-01:00", "2016-12-31T23:59:60Z", "", "0000-01-01T00:00:00Z"),
        *("2026-01-02T03:04:05", "2026-01-02 03:04:05Z", "2026-10-25T02:30:00+02:00"),
    ),
    "span": (
        "90s",
        "1h",
        "1.5h",
        "-2m",
        "1d",
        "",
        "0",
        "1h-1m",
        "PT1H30M",
        "+3s",
        "1ms2us3ns",
        ".5s",
        "5",
        "1e3s",
        "999999999h",
        " 1s",
        "1m30",
    ),
    "number": (
        "12",
        "-3",
        "+4",
        "1.5",
        "1e3",
        "0x10",
        " 7 ",
        "",
        "9223372036854775808",
        "true",
        "FALSE",
        "t",
        "nan",
        "inf",
        "1_000",
        ".5",
        "5.",
        "٣",
    ),
    "zone": ("UTC", "Europe/Berlin", "+02:00", "-05:30", "America/New_York", "Nowhere/Land", "", "+25:00", "02:00", "Z", "Asia/Kolkata"),
    "pattern": ("a", "^a", "c$", "(", "[a-", ".*", "(?i)ABC", "\\d+", "a{2}", "(a)\\1", "a(?=b)", "\\p{L}", "^$", ".{3}"),
    "form": ("%s", "%d", "%f|%%", "%.3e", "%x", "%", "%q", "%s %s", "%5d", "%.f", "plain", "%.1000f", "%X", "%o%b", "%s %d %s"),
}


def _pool(name: str) -> tuple[JsonValue, ...]:
    return _POOLS[name] if name in FOR_ONE_FUNCTION else _POOLS[VARIABLES[name]]


def _instance(text: str, elements: dict[str, str]) -> str:
    return re.sub(r"\b[TU]\b", lambda found: elements[found[0]], text)


@cache
def _leaves(kind: str) -> tuple[tuple[str, str], ...]:
    """Return the leaves of a kind, each with what T is in it."""
    found = [(name, "") for name, of in VARIABLES.items() if of == kind and name not in FOR_ONE_FUNCTION]
    if made := _CONSTRUCTED.match(kind):
        found += [(text, made[2]) for text in LEAVES[f"{made[1]}(T)"]]
    return (*found * 5, *((text, "") for text in LEAVES.get(kind, ())))


@cache
def _inner(kind: str) -> tuple[tuple[str, str], ...]:
    """Return the templates of a kind, each with what T is in it; those of every kind are a quarter of them at most."""
    found = [(text, "") for text in INNER.get(kind, ())]
    if made := _CONSTRUCTED.match(kind):
        found += [(text, made[2]) for text in INNER[f"{made[1]}(T)"]]
    if kind not in _PARTS and not kind.startswith("optional"):
        found = found * max(1, 3 * len(ANY) // max(1, len(found))) + [(text, kind) for text in ANY]
    return tuple(found)


@dataclass
class _Writer:
    """Fills holes; one of them, counted from the outside, with another kind."""

    draw: st.DrawFn
    spoiled: Spoiled
    spoil_at: int
    bound: list[tuple[str, str]] = field(default_factory=list)

    def choose(self, of: tuple[tuple[str, str], ...]) -> tuple[str, str]:
        return self.draw(_sampled(of))

    def write(self, kind: str, depth: int) -> str:
        """Return an expression of a kind, nested up to `depth`."""
        mine = [(name, "") for name, of in self.bound if of == kind]
        if mine and self.draw(_SMALL) < 2:
            return mine[-1][0]
        inner = _inner(kind) if depth else ()
        if not inner or (kind not in _PARTS and self.draw(_SMALL) == 0 and self.spoiled is Spoiled.NO):
            return self.fill(*self.choose(_leaves(kind)), depth=0)
        return self.fill(*self.choose(inner), depth=depth - 1)

    def fill(self, template: str, element: str, *, depth: int) -> str:
        """Return a template with its holes filled; what it binds is known in the holes behind."""
        elements = {letter: element or self.draw(_ELEMENTS) for letter in "TU" if letter in template} | ({"T": element} if element else {})
        if element and "U" in elements:
            elements["U"] = self.draw(_ELEMENTS)
        before = len(self.bound)
        parts: list[str] = []
        end = 0
        for hole in _HOLE.finditer(template):
            parts.append(template[end : hole.start()])
            end = hole.end()
            parts.append(self.hole(hole[1], _instance(hole[2], elements), depth))
        del self.bound[before:]
        return "".join([*parts, template[end:]])

    def hole(self, sign: str, kind: str, depth: int) -> str:
        """Return what stands in one hole: a new variable's name, or an expression."""
        if sign == "#":
            name = _BOUND[len(self.bound) % len(_BOUND)]
            self.bound.append((name, kind))
            return name
        if kind in _PARTS:
            return self.write(kind, depth)
        self.spoil_at -= 1
        if self.spoil_at == 0:
            other = self.draw(_sampled(tuple((one, "") for one in _WRONG if one != kind)))[0]
            text = self.write(other, min(depth, 1))
            return f"dyn({text})" if self.spoiled is Spoiled.HIDDEN else text
        return self.write(kind, depth)


_SMALL = st.integers(0, 5)
_ELEMENTS = st.sampled_from(ELEMENTS)


@cache
def _sampled(of: tuple[tuple[str, str], ...]) -> st.SearchStrategy[tuple[str, str]]:
    return st.sampled_from(of)


@st.composite
def cases(draw: st.DrawFn, kinds: tuple[str, ...], depth: int, spoiled: Spoiled = Spoiled.NO) -> Case:
    """Return cases whose expression, unless spoiled, is of one of these kinds."""
    kind = draw(st.sampled_from(kinds))
    writer = _Writer(draw, spoiled, 0 if spoiled is Spoiled.NO else draw(st.integers(1, 4)))
    source = writer.write(kind, depth)
    read = set(_NAME.findall(source))
    return Case(source, {name: draw(st.sampled_from(_pool(name))) if name in read else _pool(name)[0] for name in VARIABLES})
