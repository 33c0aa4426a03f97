"""Sending many events: a stream of lines to /events in groups, each with one commit at the controller, and what became of them.

Called by `attune event import` and `attune event replay`; a controller that takes no more for now is waited for. Commands that send
one event say with it what became of that.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from attune_cli.client import Client
from attune_cli.errors import ControllerBusy
from attune_core.values import JsonObject, JsonValue, canonical_json
from attune_core.wire.api import Accepted
from attune_core.wire.ingest import EventResult, Fate

#: Events and bytes of one request; the controller takes 20,000 and 16 MiB.
GROUP, GROUP_BYTES = 1000, 4 << 20
#: Seconds between two tries, and how often a controller may take nothing at all.
_WAIT, _TRIES = 1.0, 60
#: Refusals that are kept to be said one by one.
KEPT = 20
_NEVER = threading.Event()


def became(accepted: Accepted) -> str:
    """Return what became of one event that was sent, and where more is said of it."""
    event = f"event {accepted.position}"
    if accepted.dead_letter:
        return f"{event} is a dead letter: {accepted.dead_letter}; see: attune event dead-letter show {accepted.position}"
    return f"{event} accepted{' (it was there already)' if accepted.duplicate else ''}; see: attune event show {accepted.position}"


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One event to send; `place` is what people call it if it is refused, such as a line of a file."""

    place: str
    event: JsonValue


@dataclass(kw_only=True)
class Sent:
    """What became of everything; `refusals` are the first of those that were refused."""

    accepted: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    refused: int = 0
    refusals: list[tuple[str, str]] = field(default_factory=list)

    def refuse(self, place: str, why: str) -> None:
        """Count one that is not taken."""
        self.refused += 1
        if len(self.refusals) < KEPT:
            self.refusals.append((place, why))

    def count(self, place: str, result: EventResult) -> None:
        """Count one as the controller says."""
        match result.fate:
            case Fate.ACCEPTED:
                self.accepted += 1
            case Fate.DUPLICATE:
                self.duplicates += 1
            case Fate.DEAD_LETTER:
                self.dead_letters += 1
            case Fate.REFUSED:
                self.refuse(place, f"{result.detail} ({result.code})")

    def document(self) -> JsonObject:
        """Return it for programs."""
        refusals: list[JsonValue] = [{"place": place, "why": why} for place, why in self.refusals]
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "dead_letters": self.dead_letters,
            "refused": self.refused,
            "refusals": refusals,
        }


def send_many(client: Client, events: Iterable[Outgoing], sent: Sent, advance: Callable[[int], None]) -> None:
    """Send them in order, group by group; `ControllerBusy` when nothing is taken for a long time."""
    rest = iter(events)
    while group := list(islice(rest, GROUP)):
        while group:
            group = _send_group(client, group, sent, advance)


def _send_group(client: Client, group: list[Outgoing], sent: Sent, advance: Callable[[int], None]) -> list[Outgoing]:
    """Send as many as one request holds; return those that are left."""
    for _ in range(_TRIES):
        told = client.post_lines("/events", _lines(group))
        for result in told.events:
            sent.count(group[result.n - 1].place, result)
        advance(len(told.events))
        if told.events:
            return group[len(told.events) :]
        _NEVER.wait(_WAIT)
    raise ControllerBusy


def _lines(group: list[Outgoing]) -> bytes:
    """Return the first of them as lines, one at least."""
    lines, size = list[bytes](), 0
    for one in group:
        line = canonical_json(one.event).encode()
        size += len(line)
        if lines and size > GROUP_BYTES:
            break
        lines.append(line)
    return b"\n".join(lines)
