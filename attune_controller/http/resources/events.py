"""POST /events, GET /v1/events and GET /v1/recorded_events: events on their way in, all events to look at, and all to be exported.

In the table of `routes`.
"""

from starlette.responses import Response

from attune_controller.http.acceptance import accepted
from attune_controller.http.call import Call, answer
from attune_controller.http.cloudevents import MEDIA_TYPE, read_cloudevent
from attune_controller.http.errors import ContentTypeRefused
from attune_controller.http.views import event_view
from attune_controller.store.errors import EventUnknown
from attune_controller.store.records.events import Event, EventStatus
from attune_core.wire.api import EventView, Page


async def send(call: Call) -> Response:
    """Accept one CloudEvent: 202, or 200 with the first one's position when (source, id) is known."""
    media_type = (call.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPE:
        raise ContentTypeRefused(f"the content type is {media_type[:64] or 'missing'}, not {MEDIA_TYPE}")
    event = read_cloudevent(await call.json(), call.parts.clock.now())
    acceptance = await call.parts.intake.accept(event)
    return accepted(event, acceptance)


async def list_events(call: Call) -> Response:
    """Return a page, newest first, without data."""
    query = call.query("after", "before", "limit", "status")
    status = query.text("status", among=[status.value for status in EventStatus])
    before, limit = query.page()
    found = await call.parts.store.events(before=before, limit=limit, status=EventStatus(status) if status else None)
    ids = await call.parts.store.executions_of_events([event.position for event in found])
    items = [event_view(event, ids.get(event.position, ()), data=False) for event in found]
    return answer(Page[EventView](items=items, next=str(items[-1].position) if len(items) == limit else ""))


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
