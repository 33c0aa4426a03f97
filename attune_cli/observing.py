"""Observing: a file of events, or of bare data, read line by line into the shape of one trigger's data.

Called by `attune trigger infer`; a line that cannot be read is counted and said, and reading goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from attune_cli.errors import BadArgument
from attune_core.errors import AttuneError
from attune_core.observed.shape import Shape
from attune_core.rules.recorded import UnreadableLine, read_lines
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.cloudevents import read_attributes


@dataclass(kw_only=True)
class Observed:
    """What a file holds of one trigger; `unreadable` are lines with what is wrong with them."""

    trigger: str = ""
    events: int = 0
    shape: Shape = field(default_factory=Shape)
    unreadable: list[UnreadableLine] = field(default_factory=list)


def observe(stream: BinaryIO, trigger: str | None) -> Observed:
    """Read everything; `BadArgument` when there is nothing of the trigger, or more than one and none was named."""
    found = Observed(trigger=trigger or "")
    others: dict[str, int] = {}
    for kind, data in _events(stream, found.unreadable):
        if kind and not found.trigger:
            found.trigger = kind
        if kind in ("", found.trigger):
            found.events += 1
            found.shape.add(data)
        else:
            others[kind] = others.get(kind, 0) + 1
    if others and trigger is None:
        raise BadArgument(
            f"there are events of {len(others) + 1} triggers",
            hint=f"choose with --trigger: {', '.join([found.trigger, *sorted(others)][:8])}",
        )
    if not found.events:
        there = f"; there is: {', '.join(sorted(others)[:8])}" if others else ""
        raise BadArgument(f"there is no event of {trigger}{there}" if trigger else "there is no event in the file")
    return found


def _events(stream: BinaryIO, unreadable: list[UnreadableLine]) -> Iterator[tuple[str, JsonObject]]:
    """Yield trigger and data of each line; bare data are of no trigger."""
    for line in read_lines(stream):
        if isinstance(line, UnreadableLine):
            unreadable.append(line)
            continue
        try:
            kind, data = _event(line.value)
        except AttuneError as error:
            unreadable.append(UnreadableLine(number=line.number, error=error.message))
            continue
        if isinstance(data, dict):
            yield kind, data
        else:
            unreadable.append(UnreadableLine(number=line.number, error="its data is not an object, which the data of a trigger is"))


def _event(value: JsonValue) -> tuple[str, JsonValue]:
    if not isinstance(value, dict) or "specversion" not in value:
        return "", value
    read = read_attributes(value)
    return read.type, read.data
