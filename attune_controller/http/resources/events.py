"""POST /events, GET /v1/events and GET /v1/recorded_events: events on their way in, all events to look at, and all to be exported.

In the table of `routes`.
"""

from starlette.responses import Response

from attune_controller.http.acceptance import accepted
from attune_controller.http.call import Call, answer
from attune_controller.http.cloudevents import read_cloudevent
from attune_controller.http.errors import BodyTooLarge, ContentTypeRefused, DocumentInvalid
from attune_controller.http.many import DEPTH, KEYS, Many, lines_of
from attune_controller.http.views import event_view
from attune_controller.store.errors import EventUnknown
from attune_controller.store.records.events import Event, EventFilter, EventStatus
from attune_core.dead_letters import DeadReason
from attune_core.values import JsonLimits, JsonValue, parse_json
from attune_core.wire.api import EventView, Page
from attune_core.wire.cloudevents import is_json
from attune_core.wire.cloudevents_http import BATCH, LINES, STRUCTURED, document_of


async def send(call: Call) -> Response:
    """Accept one CloudEvent, or many: 202, or 200 with the first one's position when (source, id) is known."""
    media_type = (call.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type in (BATCH, LINES):
        return await (_send_batch if media_type == BATCH else _send_lines)(call)
    event = read_cloudevent(await _document(call, media_type), call.parts.clock.now(), call.traceparent)
    acceptance = await call.parts.intake.accept(event)
    return accepted(event, acceptance)


async def _document(call: Call, media_type: str) -> JsonValue:
    """Return one event in JSON format, from a body of that or from headers with the data in the body."""
    if media_type == STRUCTURED:
        return await call.json()
    if call.header("ce-specversion") is None or not is_json(media_type or None):
        raise ContentTypeRefused(f"the content type {media_type[:64] or '(none)'} is neither CloudEvents nor their data in JSON")
    data = await call.json() if await call.body() else None
    return document_of(call.request.headers.raw, media_type or None, data)


async def _send_batch(call: Call) -> Response:
    batch = parse_json(await call.body(), JsonLimits(size=call.parts.body_bytes, keys=KEYS, depth=DEPTH))
    if not isinstance(batch, list):
        raise DocumentInvalid("a batch is a JSON array of events")
    many = _many(call)
    for n, value in enumerate(batch, start=1):
        if not await many.takes_more():
            break
        await many.add(n, value)
    await many.store()
    return many.response(call.id)


async def _send_lines(call: Call) -> Response:
    """Take lines as they come; each group is durable before the next is read, and memory holds no more than one."""
    many, n = _many(call), 0
    async for line in lines_of(call.stream(call.parts.lines_bytes), call.parts.body_bytes):
        n += 1
        if not await many.takes_more():
            break
        if line is None:
            many.refuse(n, BodyTooLarge(f"the line is longer than {call.parts.body_bytes} bytes"))
        elif line.strip():
            await many.add_line(n, line)
    await many.store()
    return many.response(call.id)


def _many(call: Call) -> Many:
    parts = call.parts
    return Many(intake=parts.intake, received_at=parts.clock.now(), line_bytes=parts.body_bytes, traceparent=call.traceparent)


async def list_events(call: Call) -> Response:
    """Return a page, newest first or with `order` oldest, without data.

    `next` may be set on a page without items: a page looks at so many events only.
    """
    query = call.query("after", "before", "limit", "order", "status", "source", "type", "since", "search", "dead_reason")
    status = query.text("status", among=[status.value for status in EventStatus])
    dead = query.text("dead_reason", among=[reason.value for reason in DeadReason])
    where = EventFilter(
        status=EventStatus(status) if status else None,
        source=query.text("source", most=512),
        type=query.text("type"),
        since=query.moment("since") or 0.0,
        search=query.text("search") or None,
        dead=DeadReason(dead) if dead else None,
    )
    before, after, limit = query.page()
    page = await call.parts.store.events(before=before, after=after, limit=limit, where=where)
    ids = await call.parts.store.executions_of_events([event.position for event in page.events])
    items = [event_view(event, ids.get(event.position, ()), data=False) for event in page.events]
    return answer(Page[EventView](items=items, next="" if page.next is None else str(page.next)))


async def list_recorded_events(call: Call) -> Response:
    """Return a page, oldest first, with data: for exports, hence with that of dead letters. `next` may be set on a page without items."""
    query = call.query("after", "limit", "since", "trigger")
    page = await call.parts.store.recorded_events(
        after=query.number("after", low=0) or 0,
        since=query.moment("since") or 0.0,
        limit=query.page_size(),
        trigger=query.text("trigger"),
    )
    items = [event_view(event, (), data=True) for event in page.events]
    return answer(Page[EventView](items=items, next="" if page.after is None else str(page.after)))


async def show_event(call: Call) -> Response:
    """Return one event by position or id; a dead letter's data only with `?data=true`."""
    asked = call.query("data").flag("data")
    event = await find_event(call, call.path("event"))
    ids = await call.parts.store.executions_of_events([event.position])
    data = asked or event.status is not EventStatus.DEAD_LETTER
    return answer(event_view(event, ids.get(event.position, ()), data=data))


async def find_event(call: Call, name: str) -> Event:
    """Return one by position or id; `EventUnknown`."""
    event = None
    if name.isascii() and name.isdigit() and len(name) <= 18:
        event = await call.parts.store.event(int(name))
    event = event or await call.parts.store.find_event("", name)
    if event is None:
        raise EventUnknown(f"there is no event {name[:64]!r}")
    return event
