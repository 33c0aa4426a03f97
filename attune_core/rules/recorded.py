"""Recorded events: an export, one CloudEvents document a line, read with bounds and written.

`attune event export` writes it; plans, rule tests and `attune trigger infer` read it. A line that cannot be read is said with its
number, and reading goes on.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from attune_core.errors import AttuneError
from attune_core.ports import rfc3339
from attune_core.rules.matching import Occurrence
from attune_core.values import JsonLimits, JsonObject, JsonValue, parse_json
from attune_core.wire.cloudevents import CloudEventRefused, read_attributes

#: Bytes of one line: a document of 1 MiB at the door may be longer in an export, where `1e15` is 1000000000000000.0.
LINE_LIMIT = 2 << 20
#: The widest of those at the doors (webhooks take 50,000 keys), and room for the attributes around the data.
_LIMITS = JsonLimits(size=LINE_LIMIT, depth=68, keys=50_100, string=LINE_LIMIT)


@dataclass(frozen=True, kw_only=True)
class RecordedEvent:
    """One event as it was received; `received_at` is what throttles go by. Times are seconds of the epoch."""

    id: str
    source: str
    type: str
    subject: str
    time: float
    received_at: float
    data: JsonValue
    position: int | None = None

    def occurrence(self) -> Occurrence:
        """Return it as expressions see it, exactly as the controller did."""
        return Occurrence(id=self.id, source=self.source, type=self.type, subject=self.subject, time=rfc3339(self.time), data=self.data)


@dataclass(frozen=True, kw_only=True)
class JsonLine:
    """A line that is JSON; `number` counts from 1."""

    number: int
    value: JsonValue


@dataclass(frozen=True, kw_only=True)
class UnreadableLine:
    """A line that is no event; `number` counts from 1."""

    number: int
    error: str


def read_recorded(stream: BinaryIO) -> Iterator[RecordedEvent | UnreadableLine]:
    """Yield what each line that is not empty holds, in order."""
    for line in read_lines(stream):
        if isinstance(line, UnreadableLine):
            yield line
            continue
        try:
            yield read_event(line.value)
        except AttuneError as error:
            yield UnreadableLine(number=line.number, error=error.message)


def read_lines(stream: BinaryIO) -> Iterator[JsonLine | UnreadableLine]:
    """Yield the JSON of each line that is not empty, in order, whatever it is."""
    number = 0
    while line := stream.readline(LINE_LIMIT + 1):
        number += 1
        if len(line) > LINE_LIMIT and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = stream.readline(LINE_LIMIT)
            yield UnreadableLine(number=number, error=f"the line has more than {LINE_LIMIT} bytes")
        elif line.strip():
            try:
                yield JsonLine(number=number, value=parse_json(line, _LIMITS))
            except AttuneError as error:
                yield UnreadableLine(number=number, error=error.message)


def read_event(value: JsonValue) -> RecordedEvent:
    """Return the event of one document; `CloudEventRefused` when it is none, or does not say when it was."""
    read = read_attributes(value)
    received_at = read.time if read.received_at is None else read.received_at
    if received_at is None:
        raise CloudEventRefused("there is neither attunereceived nor time, by which throttles go")
    return RecordedEvent(
        id=read.id,
        source=read.source,
        type=read.type,
        subject=read.subject,
        time=received_at if read.time is None else read.time,
        received_at=received_at,
        data=read.data,
        position=read.position,
    )


def write_event(event: RecordedEvent) -> str:
    """Return the one line of an event, without its end."""
    document: JsonObject = {"specversion": "1.0", "id": event.id, "source": event.source, "type": event.type}
    if event.subject:
        document["subject"] = event.subject
    document |= {"time": rfc3339(event.time), "data": event.data}
    if event.position is not None:
        document["attuneposition"] = event.position
    return json.dumps(document | {"attunereceived": rfc3339(event.received_at)}, separators=(",", ":"), ensure_ascii=False)
