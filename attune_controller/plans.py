"""Plans: the whole consequence of one event as the records that are committed together; pure but for the ids it is given.

Called by `planning` after drafting and placement; the store's `record_plans` commits what it returns (G3).
"""

from collections.abc import Callable, Sequence

from attune_controller.drafting import Draft, Drafted
from attune_controller.placing import Placing
from attune_controller.store.records.events import Event
from attune_controller.store.records.executions import NewExecution
from attune_controller.store.records.plans import PlannedEvent
from attune_core.catalog.catalog import Catalog
from attune_core.rules.filling import Filled
from attune_core.rules.firing import Rejected
from attune_core.states import Reason

_NOTHING = Filled(input={}, secrets={}, match={}, key="null")


def planned_event(
    event: Event, drafted: Drafted, catalog: Catalog, placing: Placing, *, now: float, new_id: Callable[[], str]
) -> PlannedEvent:
    """Return what becomes of an event: one execution for each draft and agent, a dead letter, or nothing with a note."""
    executions: list[NewExecution] = []
    notes = list(drafted.notes)
    for item in drafted.drafts:
        agents: Sequence[str] = [""]
        pinned = not isinstance(item, Rejected) and item.pick == "all"
        if not isinstance(item, Rejected):
            agents = placing.agents(item)
            notes += filter(None, [placing.note(item, agents)])
        executions += [_execution(event, item, catalog, agent, pinned=pinned, now=now, new_id=new_id) for agent in agents]
    return PlannedEvent(
        position=event.position,
        revision=catalog.revision or "",
        executions=tuple(executions),
        dead=drafted.dead,
        note="; ".join(notes)[:2000],
        admissions={window.key: window.admission(event.new.received_at) for window in drafted.windows},
    )


def _execution(
    event: Event, item: Draft, catalog: Catalog, agent: str, *, pinned: bool, now: float, new_id: Callable[[], str]
) -> NewExecution:
    """Return one execution; one that is `pinned` is of no use on another agent than this one, and says so in what it matches."""
    rejected = isinstance(item, Rejected)
    filled = _NOTHING if isinstance(item, Rejected) else item.filled
    return NewExecution(
        id=new_id(),
        event=event.position,
        rule=item.rule,
        action=item.action.ref,
        pack=item.action.pack,
        digest=catalog.packs[item.action.pack].digest,
        revision=catalog.revision or "",
        input=filled.input,
        secrets=filled.secrets,
        key=filled.key,
        rate_key=filled.rate_key,
        match={**filled.match, "name": agent} if pinned and agent else filled.match,
        agent=agent,
        fleet=item.action.document.concurrency.scope == "fleet",
        accepted_at=now,
        hops=event.new.hops,
        traceparent=event.new.traceparent,
        rejected=Reason.INPUT_INVALID if rejected else None,
        detail=item.error if isinstance(item, Rejected) else "",
    )
