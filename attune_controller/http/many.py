"""Many: the events of one request, taken in groups with one commit each, and what is told of each of them.

Used by http.resources.events for batches and for lines; what one event gets wrong is that event's alone, what the controller cannot take
now ends the request.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from starlette.responses import Response

from attune_controller.errors import SourceTooFast
from attune_controller.hooks.receive import EventDoor
from attune_controller.http.call import answer
from attune_controller.http.cloudevents import read_cloudevent
from attune_controller.http.errors import BodyTooLarge, EventDiffers, EventsRefused
from attune_controller.http.problems import failure_of, problem_response
from attune_controller.store.records.events import Acceptance, NewEvent
from attune_core.errors import AttuneError, Blame
from attune_core.safe_text import safe_text
from attune_core.values import JsonLimits, JsonValue, parse_json
from attune_core.wire.ingest import EventResult, Fate, ManyAccepted, ManyRefused

#: Events, and bytes of their lines, that share a commit.
GROUP, GROUP_BYTES = 500, 1 << 20
#: Events of one request.
MOST = 20_000
#: As of an export's line: webhooks take 50,000 keys, and the attributes stand around the data.
KEYS, DEPTH = 50_100, 68


@dataclass(kw_only=True)
class Many:
    """The events of one request."""

    intake: EventDoor
    received_at: float
    line_bytes: int
    #: Of the request, for events without one.
    traceparent: str = ""
    results: list[EventResult] = field(default_factory=list)
    stopped: AttuneError | None = None
    _group: list[tuple[int, NewEvent]] = field(default_factory=list)
    _bytes: int = 0

    async def takes_more(self) -> bool:
        """Tell whether another event is taken; when there are too many, those before are stored."""
        if self.stopped is None and len(self.results) + len(self._group) >= MOST:
            await self._stop(BodyTooLarge(f"there are more than {MOST} events in one request"))
        return self.stopped is None

    async def add_line(self, n: int, line: bytes) -> None:
        """Take one event in JSON format."""
        try:
            value = parse_json(line, JsonLimits(size=self.line_bytes, keys=KEYS, depth=DEPTH))
        except AttuneError as error:
            self.refuse(n, error)
            return
        await self.add(n, value, len(line))

    async def add(self, n: int, value: JsonValue, size: int = 0) -> None:
        """Take one event; it is stored with its group."""
        try:
            event = read_cloudevent(value, self.received_at, self.traceparent)
        except AttuneError as error:
            self.refuse(n, error)
            return
        try:
            self.intake.check_rate(event.source)
        except SourceTooFast as error:  # no fault of this event: it is to come again, with all behind it
            await self._stop(error)
            return
        self._group.append((n, event))
        self._bytes += size
        if len(self._group) >= GROUP or self._bytes >= GROUP_BYTES:
            await self.store()

    def refuse(self, n: int, error: AttuneError) -> None:
        """Say what is wrong with one."""
        self.results.append(_refusal(n, error))

    async def _stop(self, error: AttuneError) -> None:
        """Take no more, once what was gathered is stored."""
        if await self.store():
            self.stopped = error

    async def store(self) -> bool:
        """Commit what was gathered; False when the controller does not take it now."""
        group, self._group, self._bytes = self._group, [], 0
        if not group:
            return True
        try:
            acceptances = await self.intake.accept_all([event for _, event in group])
        except AttuneError as error:
            if error.blame is Blame.DEFECT:
                raise
            self.stopped = error
            return False
        self.results += [_result(n, event, acceptance) for (n, event), acceptance in zip(group, acceptances, strict=True)]
        return True

    def response(self, request: str) -> Response:
        """Return what is told: 202 when all is durable, else a problem that says which events are not."""
        self.results.sort(key=lambda one: one.n)
        document = _counted(self.results)
        if self.stopped is None and not document.refused:
            return answer(document, 202)
        error = self.stopped or EventsRefused(f"{document.refused} of {len(self.results)} events were refused; the others are stored")
        return problem_response(error, told=ManyRefused(**(dict(failure_of(error, request)) | dict(document))))


async def lines_of(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes | None]:
    """Yield the lines of a body as they come, None for one that is longer than `limit`; no more than that is held."""
    rest, skipping = bytearray(), False
    async for chunk in chunks:
        *ends, begun = chunk.split(b"\n")
        for end in ends:
            rest += end
            yield None if skipping or len(rest) > limit else bytes(rest)
            rest, skipping = bytearray(), False
        rest += begun  # in place: a long line in tiny chunks is not copied for each
        if len(rest) > limit:
            rest, skipping = bytearray(), True
    if rest or skipping:
        yield None if skipping else bytes(rest)


def _counted(results: list[EventResult]) -> ManyAccepted:
    counts = dict.fromkeys(Fate, 0)
    for one in results:
        counts[one.fate] += 1
    return ManyAccepted(
        accepted=counts[Fate.ACCEPTED],
        duplicates=counts[Fate.DUPLICATE],
        dead_letters=counts[Fate.DEAD_LETTER],
        refused=counts[Fate.REFUSED],
        events=results,
    )


def _result(n: int, event: NewEvent, acceptance: Acceptance) -> EventResult:
    if acceptance.differs:
        return _refusal(n, EventDiffers.of(event, acceptance), id=event.id, source=event.source)
    fate = Fate.DUPLICATE if acceptance.duplicate else Fate.DEAD_LETTER if acceptance.dead else Fate.ACCEPTED
    detail = acceptance.dead.detail if acceptance.dead else ""
    return EventResult(n=n, fate=fate, id=event.id, source=event.source, position=acceptance.position, detail=detail)


def _refusal(n: int, error: AttuneError, *, id: str = "", source: str = "") -> EventResult:  # noqa: A002 - the attribute's name
    return EventResult(n=n, fate=Fate.REFUSED, id=id, source=source, code=error.code, detail=safe_text(error.message, limit=500))
