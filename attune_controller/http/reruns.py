"""Reruns: which execution repeats which, read from the sources of the events that asked for them.

Called by resources/executions; an index finds the events of one source, so that neither question costs more when the history is long.
"""

from attune_controller.http.call import Call
from attune_controller.internal_events import RERUNS
from attune_controller.store.records.events import EventFilter
from attune_controller.store.records.executions import Execution

#: Reruns of one execution that are named.
SHOWN = 20


async def rerun_of(call: Call, execution: Execution) -> int:
    """Return the number of the execution that this one repeats, 0 for none."""
    if execution.new.rule:
        return 0
    event = await call.parts.store.event(execution.new.event)
    if event is None or not event.new.source.startswith(RERUNS):
        return 0
    first = await call.parts.store.execution(event.new.source.removeprefix(RERUNS))
    return first.number if first else 0


async def reruns(call: Call, execution: Execution) -> list[int]:
    """Return the numbers of those that repeat it, the newest first."""
    store = call.parts.store
    page = await store.events(before=None, limit=SHOWN, where=EventFilter(source=f"{RERUNS}{execution.new.id}"))
    ids = await store.executions_of_events([event.position for event in page.events])
    found = [await store.execution(one) for some in ids.values() for one in some[:SHOWN]]
    return sorted((one.number for one in found if one), reverse=True)[:SHOWN]
