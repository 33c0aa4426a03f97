"""Views: the store's records as the API's documents.

Called by the endpoints under resources/; pure. Secrets' values are in no record, so they can be in no document.
"""

import re
from collections.abc import Sequence

from attune_controller.bounds import Bound
from attune_controller.fleet import FleetAgent
from attune_controller.placement import described
from attune_controller.store.records.agents import Agent, Load
from attune_controller.store.records.credentials import ApiToken
from attune_controller.store.records.events import Event
from attune_controller.store.records.executions import Execution
from attune_controller.store.records.standing import Counts, Sync
from attune_core.catalog.catalog import Rule
from attune_core.expressions.template import CheckedTemplate
from attune_core.marks import MarkKind, told
from attune_core.ports import rfc3339
from attune_core.states import State
from attune_core.version import VERSION
from attune_core.wire.api import (
    AgentView,
    BoundView,
    EventView,
    ExecutionView,
    MarkView,
    ProblemView,
    RuleView,
    StatusView,
    SyncView,
    TokenView,
)
from attune_core.wire.assignment import QueueName

_USERINFO = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/@]*@", re.IGNORECASE)


def moment(seconds: float) -> str:
    """Return a time as the API writes it; an empty text for one that has not come."""
    return rfc3339(seconds) if seconds else ""


def event_view(event: Event, executions: Sequence[str], *, data: bool) -> EventView:
    """Return one event; its data may be large, so lists leave it out, and a dead letter's only comes when it is asked for."""
    new = event.new
    return EventView(
        position=event.position,
        id=new.id,
        source=new.source,
        type=new.type,
        subject=new.subject,
        time=rfc3339(new.time),
        received_at=rfc3339(new.received_at),
        status=event.status.value,
        reason=event.reason,
        dead_reason=new.dead.reason if new.dead else None,
        revision=event.revision,
        executions=list(executions),
        hops=new.hops,
        data=new.data if data else None,
    )


def execution_view(execution: Execution, agent: FleetAgent | None, *, whole: bool, rated_until: float = 0.0) -> ExecutionView:
    """Return one execution; input and result may be large, so lists leave them out."""
    new = execution.new
    return ExecutionView(
        id=new.id,
        number=execution.number,
        action=new.action,
        rule=new.rule,
        event=new.event,
        agent=execution.agent,
        queue_key=new.key,
        epoch=execution.epoch,
        sequence=0 if execution.ready_at else execution.sequence,
        revision=new.revision,
        state=execution.state,
        conditions=conditions(execution, agent),
        outcome=execution.outcome,
        reason=execution.reason,
        detail=execution.detail,
        exit_code=execution.exit_code,
        attempt=execution.attempt,
        waiting_for=waiting_for(execution, agent, rated_until) if execution.agent else wanted_agent(execution),
        input=dict(new.input) if whole else {},
        secrets=dict(new.secrets),
        result=execution.result if whole else None,
        accepted_at=rfc3339(new.accepted_at),
        started_at=moment(execution.started_at),
        settled_at=moment(execution.settled_at),
    )


def conditions(execution: Execution, agent: FleetAgent | None) -> list[str]:
    """Return what holds beside the state: `held` waits at the controller for its agent, `unreachable` is at an agent that is away."""
    if execution.state is State.SETTLED:
        return []
    found = ["cancelling"] if execution.cancelling else []
    found += ["requeuing"] if execution.requeuing else []
    if execution.agent and not (agent and agent.connected):
        waits_here = execution.state in {State.ACCEPTED, State.QUEUED} and not execution.handed
        found.append("held" if waits_here else "unreachable")
    return found


def waiting_for(execution: Execution, agent: FleetAgent | None, rated_until: float) -> str:
    """Return why an execution that has its agent has not started, "" when that is not known here."""
    if execution.state is State.QUEUED and execution.ready_at:
        return f"its next attempt, for which it takes a place at the tail at {rfc3339(execution.ready_at)[:19]}Z"
    if agent is None or execution.state not in {State.QUEUED, State.ASSIGNED, State.PREPARING}:
        return ""
    if by_people := _held_up(execution, agent):
        return by_people
    if execution.state is State.PREPARING:
        return ""
    if rated_until and not execution.handed:
        return f"rate of all agents: next start at {rfc3339(rated_until)[:19]}Z"
    queue = QueueName(place=execution.queue.place, action=execution.new.action, key=execution.new.key)
    return next((one.waiting_for for one in (agent.status.queues if agent.status else ()) if one.queue == queue), "")


def _held_up(execution: Execution, agent: FleetAgent) -> str:
    """Return what operators or the host said of the agent that keeps it from starting."""
    status, (paused, draining) = agent.status, (agent.marks.get(MarkKind.PAUSED), agent.marks.get(MarkKind.DRAINING))
    if draining and not execution.handed:
        return told("draining", draining)
    if status and status.host_pause:
        return f"paused by the host: {status.host_pause}"
    return told("paused", paused) if paused else ""


def wanted_agent(execution: Execution) -> str:
    """Return what an execution without an agent waits for, "" when it is over."""
    if execution.state is State.SETTLED:
        return ""
    return f"an agent{described(execution.new.match)} that is not cordoned"


def mark_views(known: FleetAgent, load: Load) -> list[MarkView]:
    """Return what operators say of an agent; a drain of which nothing is left in hand is over."""
    drained = {MarkKind.DRAINING: "drained"} if _is_empty(known, load) else {}
    follows = known.status is not None and known.status.paused
    return [
        MarkView(
            kind=drained.get(kind, kind.value),
            note=mark.note,
            by=mark.by,
            since=rfc3339(mark.since),
            applied=kind is not MarkKind.PAUSED or follows,
        )
        for kind, mark in sorted(known.marks.items())
    ]


def _is_empty(known: FleetAgent, load: Load) -> bool:
    """Tell whether nothing is in hand, by what is stored here and by the agent's word if it is there: after a `forget` it may have more."""
    said = known.status is not None and known.status.draining and not known.status.in_hand
    return not load.in_hand and (said or not known.connected)


def agent_view(agent: Agent, known: FleetAgent | None, load: Load) -> AgentView:
    """Return one agent, with what it says of itself while it is connected."""
    status = known.status if known else None
    return AgentView(
        name=agent.name,
        labels=dict(agent.labels),
        state="connected" if known and known.connected else "unreachable",
        version=agent.version,
        slots=agent.slots,
        busy=status.busy if status else 0,
        facts=dict(agent.facts),
        marks=mark_views(known, load) if known else [],
        host_pause=status.host_pause if status else "",
        sensors={one.sensor: one.state for one in status.sensors} if status else {},
        in_hand=load.in_hand,
        waiting=load.waiting,
        enrolled_at=rfc3339(agent.enrolled_at),
        last_seen_at=moment(max(agent.last_seen_at, known.heard_at if known else 0.0)),
        certificate_expires_at=moment(agent.certificate_expires_at),
    )


def rule_view(rule: Rule) -> RuleView:
    """Return one rule of the active revision."""
    return RuleView(
        ref=rule.ref,
        trigger=rule.trigger,
        action=rule.action,
        when=rule.when.source if rule.when else "",
        agents={
            "match": {name: text if isinstance(text, str) else written(text) for name, text in rule.match.items()},
            "pick": rule.pick,
        },
        enabled=rule.enabled,
        description=rule.description,
        path=rule.path,
        line=rule.span.line,
    )


def written(template: CheckedTemplate) -> str:
    """Return a template as its author wrote it, but for white space."""
    return "".join(part if isinstance(part, str) else "${{ " + part.source.strip() + " }}" for part in template.parts)


def sync_view(sync: Sync, repository: str, branch: str) -> SyncView:
    """Return where reconcile stands."""
    return SyncView(
        repository=_USERINFO.sub(r"\1", repository),
        branch=branch,
        active_revision=sync.active_revision,
        activated_at=moment(sync.activated_at),
        observed_revision=sync.observed_revision,
        observed_at=moment(sync.observed_at),
        step=sync.step,
        code=sync.code,
        message=sync.message,
        problems=[ProblemView.model_validate(problem) for problem in sync.problems],
    )


def status_view(
    sync: SyncView,
    counts: Counts,
    *,
    incarnation: str,
    connected: int,
    started_at: float,
    alarms: Sequence[str],
    bounds: Sequence[Bound],
) -> StatusView:
    """Return the whole status."""
    return StatusView(
        version=VERSION,
        incarnation=incarnation,
        sync=sync,
        agents_connected=connected,
        agents_enrolled=counts.agents_enrolled,
        events_waiting=counts.events_waiting,
        dead_letters=counts.dead_letters,
        executions_unsettled=counts.executions_unsettled,
        started_at=rfc3339(started_at),
        alarms=list(alarms),
        bounds=[BoundView(name=one.name, depth=one.depth, limit=one.limit) for one in bounds],
    )


def token_view(token: ApiToken, text: str = "") -> TokenView:
    """Return one API token; its text only at its creation."""
    return TokenView(name=token.name, scopes=sorted(token.scopes), created_at=rfc3339(token.created_at), token=text)
