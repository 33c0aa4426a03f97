"""/v1/timers: the timers that are live, and how far each was followed.

In the table of `routes`. The list is ordered by name, and its cursor is the last name of a page.
"""

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_controller.store.records.timers import Progress
from attune_core.catalog.catalog import Timer
from attune_core.ports import rfc3339
from attune_core.timers.ticking import fires_at, shown
from attune_core.timers.words import schedule_words
from attune_core.wire.api import Page
from attune_core.wire.timers import TimerView


async def list_timers(call: Call) -> Response:
    """Return a page of the active revision's timers; none before the first revision."""
    query = call.query("after", "limit")
    after, limit = query.text("after") or "", query.page_size()
    catalog = call.parts.active.catalog
    found = sorted(timer.ref for timer in (catalog.timers.values() if catalog else ()) if timer.ref > after)
    items = [_view(catalog.timers[ref], call.parts.progress_of(ref)) for ref in found[:limit]] if catalog else []
    return answer(Page[TimerView](items=items, next=items[-1].ref if len(found) > limit else ""))


def _view(timer: Timer, progress: Progress | None) -> TimerView:
    due = timer.schedule.after(progress.done) if progress else None
    return TimerView(
        ref=timer.ref,
        schedule=schedule_words(timer.document),
        misfire=timer.misfire,
        description=timer.document.description,
        next_due="" if due is None else shown(due),
        ticks_at="" if due is None else rfc3339(fires_at(timer, due)),
        last_due=shown(progress.last) if progress and progress.last else "",
        missed=progress.missed_in_all if progress else 0,
        path=timer.path,
        line=timer.span.line,
    )
