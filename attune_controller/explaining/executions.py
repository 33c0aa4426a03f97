"""The facts of one execution: its rule, revision and policy, its queue, its agent, and what it asked for while it has none.

Called by `explainer`; what is said of them is attune_core.explanations.execution.
"""

from attune_controller.explaining.policies import changes, policy_view
from attune_controller.explaining.sources import END, NAMED, Sources, holder, moment_of
from attune_controller.http.views import execution_view
from attune_controller.placement import matching
from attune_controller.store.records.executions import Execution
from attune_core.catalog.catalog import Catalog
from attune_core.explanations.unplaced import misfit
from attune_core.explanations.verdicts import standing
from attune_core.ports import rfc3339
from attune_core.states import Reason, State
from attune_core.values import canonical_json
from attune_core.wire.agent_frames import QueueStatus
from attune_core.wire.assignment import QueueName
from attune_core.wire.explanations import ChangeView, ExecutionFacts, PlacementView, PolicyView, QueueView, RuleOrigin

#: Characters of an input, as JSON, that is shown; agents whose labels are compared.
_INPUT, _MISFITS = 400, 20


async def execution_facts(sources: Sources, execution: Execution) -> ExecutionFacts:
    """Gather all of it."""
    new, active = execution.new, sources.revisions.active
    accepted = await sources.revisions.catalog(new.revision)
    policy, before = _policy(active, new.action), _policy(accepted, new.action)
    shown = len(canonical_json(dict(new.input))) <= _INPUT
    view = execution_view(execution, sources.fleet.agent(execution.agent), whole=True)
    of_then = accepted or active
    action = of_then.actions.get(new.action) if of_then else None
    return ExecutionFacts(
        now=sources.now(),
        execution=view.model_copy(update={"input": view.input if shown else {}, "result": None, "detail": view.detail[:500]}),
        handed=execution.handed,
        ready_at=moment_of(execution.ready_at),
        rate_until="" if execution.handed else moment_of(sources.rated_until(execution.agent, execution.queue)),
        input_shown=shown,
        rule=await _rule(sources, execution, accepted),
        active_revision=active.revision or "" if active else "",
        environment=(action.document.environment or "") if action else "",
        policy=policy,
        policy_changes=changes(before, policy) if before and policy else (),
        accepted_known=accepted is not None,
        queue=await _queue(sources, execution),
        agent=await sources.agent(execution.agent),
        locked=sources.locked(execution.agent),
        under_way=await sources.under_way(execution.agent),
        placement=await _placement(sources, execution),
    )


def _policy(catalog: Catalog | None, action: str) -> PolicyView | None:
    found = catalog.actions.get(action) if catalog else None
    return policy_view(found) if found else None


async def _rule(sources: Sources, execution: Execution, accepted: Catalog | None) -> RuleOrigin | None:
    ref = execution.new.rule
    if not ref:
        return None
    active = sources.revisions.active
    catalog = accepted or active
    rule = catalog.rules.get(ref) if catalog else None
    if rule is None or catalog is None:
        return RuleOrigin(ref=ref, standing=standing(ref, active))
    change = await sources.revisions.change(catalog.revision or "", rule.path)
    return RuleOrigin(
        ref=ref,
        path=rule.path,
        line=rule.span.line,
        standing=standing(ref, active),
        change=ChangeView(commit=change.commit, author=change.author, at=change.at, subject=change.subject) if change else None,
    )


async def _queue(sources: Sources, execution: Execution) -> QueueView | None:
    """Return its queue; of one that has ended only where the queue itself was why."""
    settled = execution.state is State.SETTLED
    if not (execution.agent or execution.sequence) or (settled and execution.reason is not Reason.QUEUE_FULL):
        return None
    queue = execution.queue
    standing_ = await sources.store.standing(queue, sequence=END if settled else execution.sequence, limit=NAMED)
    told = _told(sources, execution)
    return QueueView(
        place=queue.place,
        action=queue.action,
        key=queue.key[:200],
        depth=standing_.depth,
        ahead=standing_.ahead,
        before=tuple(holder(one, sources.since(one.agent)) for one in standing_.before),
        waiting_for=told.waiting_for if told else "",
        until=moment_of(told.until) if told else "",
        head=told.head if told else "",
        pauses=await sources.pauses(queue.action, queue.key),
    )


def _told(sources: Sources, execution: Execution) -> QueueStatus | None:
    """Return what the agent said last of the queue."""
    known = sources.fleet.agent(execution.agent)
    name = QueueName(place=execution.queue.place, action=execution.queue.action, key=execution.queue.key)
    return next((one for one in (known.status.queues if known and known.status else ()) if one.queue == name), None)


async def _placement(sources: Sources, execution: Execution) -> PlacementView | None:
    """Return what it asks for, while it has no agent."""
    new, fleet = execution.new, sources.fleet.candidates()
    if execution.state is not State.ACCEPTED:
        return None
    fitting = matching(fleet, new.match)
    holder_ = (await sources.store.keyed_agents([(new.action, new.key)])).get((new.action, new.key), "") if new.key != "null" else ""
    misfits = [found for agent in fleet if (found := misfit(agent.name, agent.labels, new.match))]
    return PlacementView(
        match=dict(new.match),
        misfits=tuple(misfits[:_MISFITS]),
        more=max(len(misfits) - _MISFITS, 0),
        cordoned=tuple(agent.name for agent in fitting if agent.cordoned)[:_MISFITS],
        holder=holder_ if any(agent.name == holder_ and agent.cordoned for agent in fitting) else "",
        until=rfc3339((execution.released_at or new.accepted_at) + sources.agent_wait),
    )
