"""The facts of one agent: which rules can be placed on it, what takes its slots, and why the heads of its queues wait.

Called by `explainer`; what is said of them is attune_core.explanations.agent.
"""

from attune_controller.explaining.sources import Sources, holder, moment_of
from attune_core.catalog.catalog import Rule
from attune_core.explanations.unplaced import misfit
from attune_core.version import VERSION
from attune_core.wire.agent_frames import QueueStatus
from attune_core.wire.api import AgentView
from attune_core.wire.explanations import AgentFacts, QueueView, RuleFit

#: Rules and queues that are shown.
_RULES, _QUEUES = 20, 20
_ORDER = ("yes", "depends", "no")


async def agent_facts(sources: Sources, agent: AgentView) -> AgentFacts:
    """Gather all of it."""
    active = sources.revisions.active
    fits = [_fit(rule, agent) for rule in (active.rules.values() if active else ()) if rule.enabled]
    fits.sort(key=lambda one: (_ORDER.index(one.fits), one.rule))
    known = sources.fleet.agent(agent.name)
    queues = known.status.queues if known and known.status else ()
    return AgentFacts(
        now=sources.now(),
        agent=agent,
        controller_version=VERSION,
        locked=sources.locked(agent.name),
        active_revision=active.revision or "" if active else "",
        rules=tuple(fits[:_RULES]),
        more_rules=max(len(fits) - _RULES, 0),
        fitting=sum(one.fits == "yes" for one in fits),
        depending=sum(one.fits == "depends" for one in fits),
        under_way=await sources.under_way(agent.name),
        queues=tuple([await _queue(sources, agent.name, one) for one in queues[:_QUEUES]]),
        more_queues=max(len(queues) - _QUEUES, 0),
    )


def _fit(rule: Rule, agent: AgentView) -> RuleFit:
    """Compare what a rule matches with an agent's labels, as far as it does not depend on an event."""
    fixed = {label: value for label, value in rule.match.items() if isinstance(value, str)}
    if found := misfit(agent.name, agent.labels, fixed):
        return RuleFit(rule=rule.ref, fits="no", misfit=found)
    return RuleFit(rule=rule.ref, fits="yes" if len(fixed) == len(rule.match) else "depends")


async def _queue(sources: Sources, agent: str, told: QueueStatus) -> QueueView:
    head = await sources.store.execution(told.head) if told.head else None
    return QueueView(
        place=agent,
        action=told.queue.action,
        key=told.queue.key[:200],
        depth=told.depth,
        before=(holder(head, sources.since(agent)),) if head else (),
        waiting_for=told.waiting_for,
        until=moment_of(told.until),
        head=told.head,
        pauses=await sources.pauses(told.queue.action, told.queue.key),
    )
