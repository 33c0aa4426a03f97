"""Observing: a file of events, or of bare data, read line by line into the shape of one trigger's data.

Called by `attune trigger infer`; a line that cannot be read is counted and said, and reading goes on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from attune_cli.errors import BadArgument, EventsUnreadable
from attune_core.errors import AttuneError
from attune_core.observed.shape import Shape
from attune_core.rules.recorded import UnreadableLine, read_lines
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.cloudevents import read_attributes

#: Lines that cannot be read and are kept to be said one by one, and other triggers that are counted; a file may hold any number of either.
MOST_KEPT, MOST_TRIGGERS = 5, 1000


@dataclass(kw_only=True)
class Observed:
    """What a file holds of one trigger; `unreadable` are the first of the lines that are left out, with what is wrong with them."""

    trigger: str = ""
    events: int = 0
    shape: Shape = field(default_factory=Shape)
    left_out: int = 0
    unreadable: list[UnreadableLine] = field(default_factory=list)

    def leave_out(self, line: UnreadableLine) -> None:
        """Count a line that cannot be read."""
        self.left_out += 1
        if len(self.unreadable) < MOST_KEPT:
            self.unreadable.append(line)


def observe(stream: BinaryIO, trigger: str | None, advance: Callable[[int], None] = lambda _: None) -> Observed:
    """Read everything; `BadArgument` when there is nothing of the trigger, or more than one and none was named.

    `advance` is told how many bytes have been read.
    """
    found = Observed(trigger=trigger or "")
    others: dict[str, int] = {}
    for kind, data in _events(stream, found, advance):
        if kind and not found.trigger:
            found.trigger = kind
        if kind in ("", found.trigger):
            found.events += 1
            found.shape.add(data)
        elif kind in others or len(others) < MOST_TRIGGERS:
            others[kind] = others.get(kind, 0) + 1
    if others and trigger is None:
        raise BadArgument(
            f"there are events of {len(others) + 1} triggers",
            hint=f"choose with --trigger: {', '.join([found.trigger, *sorted(others)][:8])}",
        )
    if not found.events:
        there = f"; there is: {', '.join(sorted(others)[:8])}" if others else ""
        if found.unreadable and not others:
            raise EventsUnreadable("\n".join(["no line is an event", *(f"line {one.number}: {one.error}" for one in found.unreadable[:3])]))
        raise BadArgument(f"there is no event of {trigger}{there}" if trigger else "there is no event in the file")
    return found


def _events(stream: BinaryIO, found: Observed, advance: Callable[[int], None]) -> Iterator[tuple[str, JsonObject]]:
    """Yield trigger and data of each line; bare data are of no trigger."""
    place = 0
    for line in read_lines(stream):
        if stream.seekable():
            advance(stream.tell() - place)
            place = stream.tell()
        if isinstance(line, UnreadableLine):
            found.leave_out(line)
            continue
        try:
            kind, data = _event(line.value)
        except AttuneError as error:
            found.leave_out(UnreadableLine(number=line.number, error=error.message))
            continue
        if isinstance(data, dict):
            yield kind, data
        else:
            found.leave_out(UnreadableLine(number=line.number, error="its data is not an object, which the data of a trigger is"))


def _event(value: JsonValue) -> tuple[str, JsonValue]:
    if not isinstance(value, dict) or "specversion" not in value:
        return "", value
    read = read_attributes(value)
    return read.type, read.data
