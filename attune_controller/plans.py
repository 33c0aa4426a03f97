"""Plans: the whole consequence of one event as the records that are committed together; pure but for the ids it is given.

Called by `planning` after drafting and placement; the store's `record_plans` commits what it returns (G3).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attune_controller.drafting import Draft
from attune_controller.groups import EventTaken, GroupEnded
from attune_controller.placing import Placing
from attune_controller.store.records.events import Event
from attune_controller.store.records.executions import NewExecution
from attune_controller.store.records.groups import EndedGroup
from attune_controller.store.records.plans import PlannedEvent
from attune_core.catalog.catalog import Catalog
from attune_core.rules.ending import Lapsed, Outcome
from attune_core.rules.filling import Filled
from attune_core.rules.firing import Failed, Fired, Rejected
from attune_core.rules.gathering import GROUPS
from attune_core.rules.groups import Why
from attune_core.states import Reason

_NOTHING = Filled(input={}, secrets={}, match={}, key="null")


@dataclass(frozen=True, kw_only=True)
class Making:
    """What the executions of one transaction are made with."""

    catalog: Catalog
    placing: Placing
    now: float
    new_id: Callable[[], str]

    def executions(self, event: Event, drafts: Sequence[Draft], *, late: bool = False) -> tuple[list[NewExecution], list[str]]:
        """Return one execution for each draft and agent, and what is said of where they are."""
        made: list[NewExecution] = []
        notes: list[str] = []
        for item in drafts:
            agents: Sequence[str] = [""]
            pinned = not isinstance(item, Rejected) and item.pick == "all"
            if not isinstance(item, Rejected):
                agents = self.placing.agents(item)
                notes += filter(None, [self.placing.note(item, agents)])
            made += [_execution(event, item, agent, self, pinned=pinned, late=late) for agent in agents]
        return made, notes


def planned_event(taken: EventTaken, making: Making) -> PlannedEvent:
    """Return what becomes of an event: one execution for each draft and agent, a dead letter, or nothing with a note."""
    event, drafted = taken.event, taken.drafted
    executions, notes = making.executions(event, drafted.drafts)
    return PlannedEvent(
        position=event.position,
        revision=making.catalog.revision or "",
        executions=tuple(executions),
        dead=drafted.dead,
        note="; ".join([*drafted.notes, *notes])[:2000],
        admissions={window.key: window.admission(event.new.received_at) for window in drafted.windows},
        groups=tuple(drafted.groups),
    )


def ended_group(found: GroupEnded, making: Making) -> EndedGroup:
    """Return what becomes of a group of events: one execution for each agent, or nothing, and why."""
    executions, said = making.executions(found.event, found.drafts, late=True) if found.event is not None else ([], [])
    if found.ended.why is Why.EARLY:
        said.insert(0, f"ended early, because {GROUPS} keys of the rule wait")
    word, detail = _outcome(found.outcome)
    return EndedGroup(
        group=found.ended.group,
        at=found.ended.at,
        outcome=word,
        detail="; ".join(filter(None, [detail, *said]))[:2000],
        by=found.ended.by,
        revision=making.catalog.revision or "",
        executions=tuple(executions),
    )


def _outcome(outcome: Outcome) -> tuple[str, str]:
    match outcome:
        case Fired():
            return "fired", ""
        case Rejected(error=error):
            return "rejected", error
        case Failed(error=error):
            return "failed", error
        case Lapsed(why=why, detail=detail):
            return why.value, detail


def _execution(event: Event, item: Draft, agent: str, making: Making, *, pinned: bool, late: bool) -> NewExecution:
    """Return one execution; one that is `pinned` is of no use on another agent than this one, and says so in what it matches."""
    catalog = making.catalog
    rejected = isinstance(item, Rejected)
    filled = _NOTHING if isinstance(item, Rejected) else item.filled
    return NewExecution(
        id=making.new_id(),
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
        late=late,
        accepted_at=making.now,
        hops=event.new.hops,
        traceparent=event.new.traceparent,
        rejected=Reason.INPUT_INVALID if rejected else None,
        detail=item.error if isinstance(item, Rejected) else "",
    )
