"""/v1/timers: the timers that are live, and how far each was followed.

In the table of `routes`. The list is ordered by name, and its cursor is the last name of a page.
"""

from itertools import islice

from starlette.responses import Response

from attune_controller.errors import TimerUnknown
from attune_controller.http.call import Call, answer
from attune_controller.store.records.timers import Progress
from attune_core.catalog.catalog import Timer
from attune_core.expressions.suggestion import suggestion
from attune_core.ports import rfc3339
from attune_core.quantities import show_duration
from attune_core.timers.ticking import fires_at, shown
from attune_core.timers.wall_clock import LAST
from attune_core.timers.words import on_the_wall, schedule_words
from attune_core.wire.api import Page
from attune_core.wire.timers import DueTime, TimerDetail, TimerView

#: Due times that are shown with a timer; `attune timer next` shows as many as are asked for.
_UPCOMING = 5


async def list_timers(call: Call) -> Response:
    """Return a page of the active revision's timers; none before the first revision."""
    query = call.query("after", "limit")
    after, limit = query.text("after") or "", query.page_size()
    catalog = call.parts.active.catalog
    found = sorted(timer.ref for timer in (catalog.timers.values() if catalog else ()) if timer.ref > after)
    items = [_view(catalog.timers[ref], call.parts.progress_of(ref)) for ref in found[:limit]] if catalog else []
    return answer(Page[TimerView](items=items, next=items[-1].ref if len(found) > limit else ""))


async def show_timer(call: Call) -> Response:
    """Return one timer, when it is due next and what its ticks fire."""
    call.query()
    ref, catalog = call.path("timer"), call.parts.active.catalog
    if catalog is None or ref not in catalog.timers:
        near = suggestion(ref, catalog.timers) if catalog else None
        raise TimerUnknown(f"the active revision has no timer {ref[:130]!r}{f'; {near}' if near else ''}")
    timer, progress = catalog.timers[ref], call.parts.progress_of(ref)
    due = islice(timer.schedule.between(progress.done, LAST), _UPCOMING) if progress else ()
    return answer(
        TimerDetail(
            **_view(timer, progress).model_dump(),
            zone=timer.document.zone or "",
            jitter=show_duration(timer.jitter) if timer.jitter else "",
            upcoming=[DueTime(due=shown(one), local=on_the_wall(timer, one), ticks_at=rfc3339(fires_at(timer, one))) for one in due],
            rules=[rule.ref for rule in catalog.rules_by_trigger.get(ref, ())],
        )
    )


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
