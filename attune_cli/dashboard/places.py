"""Places: what can be looked at, and what a person types to get there or to see less of it; pure.

Called by the screens (a chosen row is a Thing), the palette (`:`) and the filter (`/`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args
from urllib.parse import quote

from attune_core.states import Outcome, State

Kind: TypeAlias = Literal["execution", "event", "queue", "agent", "rule"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One thing by its name: an execution's number, an event's position, an action's queue with its place and key."""

    kind: Kind
    name: str
    place: str = ""
    key: str = "null"

    @property
    def path(self) -> str:
        """Where it is in the API; a rule is in the list of all."""
        if self.kind == "queue":
            return f"/v1/queues/{quote(self.place, safe='')}/{quote(self.name, safe='')}"
        return f"/v1/{self.kind}s/{quote(self.name, safe='')}"

    def __str__(self) -> str:
        """Return how people call it."""
        if self.kind != "queue":
            return f"{self.kind} {self.name}"
        key = f" key {self.key}" if self.key != "null" else ""
        return f"queue {self.name} {'of the fleet' if self.place == '*' else 'on ' + self.place}{key}"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A list, with what it is filtered by."""

    kind: Kind
    filter: str = ""


@dataclass(frozen=True, kw_only=True)
class Logs:
    """What an execution writes."""

    execution: str


@dataclass(frozen=True, kw_only=True)
class Why:
    """The explanation of a thing."""

    thing: Thing


Place: TypeAlias = Literal["overview"] | Thing | Listed | Logs | Why

#: What can be typed after `:`, offered while one types.
OFFERED = (
    "overview",
    "executions ",
    "executions failed",
    "executions started",
    "events ",
    "events dead_letter",
    "queues ",
    "agents ",
    "rules ",
    "execution ",
    "event ",
    "queue ",
    "agent ",
    "rule ",
    "logs ",
    "explain execution ",
    "explain event ",
    "explain agent ",
    "quit",
)
_WORDS = frozenset(offered.split()[0] for offered in OFFERED)


def place_of(text: str) -> Place | str:
    """Return where a typed line leads, or what is wrong with it."""
    word, _, rest = text.strip().partition(" ")
    near = next((offered.split()[0] for offered in OFFERED if offered.startswith(word)), "")
    if word.isascii() and word.isdigit():
        return Thing(kind="execution", name=word)
    return _named(word if word in _WORDS else near, rest.strip()) or f"there is no {word[:40]!r}: try executions, agent web1, event 17"


def _named(word: str, rest: str) -> Place | str | None:
    if word == "overview":
        return "overview"
    if word == "logs":
        return Logs(execution=rest) if rest else "say whose: logs 12"
    if word in ("explain", "queue"):
        return _why(rest) if word == "explain" else _queue(rest)
    for kind in KINDS:
        if word == kind and rest:
            return Thing(kind=kind, name=rest)
        if word in (kind, f"{kind}s"):
            return Listed(kind=kind, filter=rest)
    return None


def _why(rest: str) -> Place | str:
    kind, _, name = rest.partition(" ")
    if kind.isascii() and kind.isdigit():
        return Why(thing=Thing(kind="execution", name=kind))
    if name.strip() and kind in ("execution", "event", "agent"):
        found: Literal["execution", "event", "agent"] = "execution" if kind == "execution" else "event" if kind == "event" else "agent"
        return Why(thing=Thing(kind=found, name=name.strip()))
    return "say what: explain execution 12, explain event 17, explain agent web1"


def _queue(rest: str) -> Place | str:
    action, _, more = rest.partition(" ")
    place, _, key = more.strip().partition(" ")
    if not action:
        return Listed(kind="queue")
    return Thing(kind="queue", name=action, place=place, key=key.strip() or "null") if place else Listed(kind="queue", filter=action)


#: Which parameters of a list the server filters by.
_ASKED: Mapping[Kind, frozenset[str]] = {
    "execution": frozenset({"state", "action", "agent", "event", "rule"}),
    "event": frozenset({"status", "type", "source", "search", "dead_reason"}),
    "queue": frozenset({"agent", "action"}),
    "agent": frozenset(),
    "rule": frozenset(),
}
_STATES = frozenset([*(state.value for state in State), *(outcome.value for outcome in Outcome)])
_STATUSES = frozenset({"accepted", "planned", "dead_letter", "dropped"})


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What the server is asked for, and words that each shown row has to hold."""

    asked: Mapping[str, str]
    words: tuple[str, ...] = ()

    def holds(self, text: str) -> bool:
        """Tell whether a row's text has every word, in any case."""
        return all(word in text.lower() for word in self.words)


def filter_of(kind: Kind, text: str) -> Filter:
    """Return what a typed filter means: NAME=VALUE, a state, an action or a type; everything else is looked for in the rows."""
    asked: dict[str, str] = {}
    words: list[str] = []
    for word in text.split():
        name, equals, value = word.partition("=")
        if equals and value and name in _ASKED[kind]:
            asked[name] = value
        elif found := _meant(kind, word):
            asked[found] = word
        else:
            words.append(word.lower())
    return Filter(asked=asked, words=tuple(words))


def _meant(kind: Kind, word: str) -> str:
    """Return the parameter that a bare word is a value of, "" for none."""
    if kind == "execution":
        return "state" if word in _STATES else "action" if word.count(".") == 1 else ""
    if kind == "event":
        return "status" if word in _STATUSES else ""
    return "action" if kind == "queue" and word.count(".") == 1 else ""
