"""Why nothing is placed on an agent, or nothing starts there; pure.

Called by the controller's `explaining` with the facts it has gathered; each line of ANSWERS looks for one cause.
"""

from collections.abc import Callable

from attune_core.explanations.remedies import bring_back, explain, forget, resume, uncordon, unlock
from attune_core.explanations.standing import slots_taken
from attune_core.explanations.unplaced import misfit_text
from attune_core.explanations.wording import counted, one_line, passed
from attune_core.wire.api import MarkView
from attune_core.wire.explanations import AgentExplanation, AgentFacts, Answer, Cause, Remedy


def explain_agent(facts: AgentFacts) -> AgentExplanation:
    """Return the answer, what else holds, and the facts."""
    found = [answer for look in ANSWERS if (answer := look(facts))]
    return AgentExplanation(answer=found[0] if found else _nothing(facts), also=tuple(found[1:]), facts=facts)


def locked(facts: AgentFacts) -> Answer | None:
    """Say that it is there twice."""
    if not facts.locked:
        return None
    text = f"{facts.agent.name} is locked out: two copies of its state directory are alive, and neither can be believed."
    return Answer(cause=Cause.AGENT_LOCKED, text=text, remedies=unlock(facts.agent))


def away(facts: AgentFacts) -> Answer | None:
    """Say since when nobody hears of it, and what that holds up."""
    agent = facts.agent
    if agent.state == "connected" or facts.locked:
        return None
    since = f"has been away for {passed(agent.last_seen_at, facts.now)}" if agent.last_seen_at else "was never here"
    text = f"{agent.name} {since}: {agent.in_hand} in its hand and {agent.waiting} that wait for it stay as they are."
    gone = forget(agent.name)
    return Answer(cause=Cause.AGENT_AWAY, text=text, remedies=(bring_back(agent), gone))


def cordoned(facts: AgentFacts) -> Answer | None:
    """Say who wants no new work on it."""
    mark = _mark(facts, "cordoned")
    if mark is None:
        return None
    text = f"{facts.agent.name} is cordoned{_by(mark, facts.now)}: it gets nothing new, and goes on with what it has."
    return Answer(cause=Cause.CORDONED, text=text, remedies=(uncordon(facts.agent.name),))


def draining(facts: AgentFacts) -> Answer | None:
    """Say how far its drain has come."""
    mark = _mark(facts, "draining") or _mark(facts, "drained")
    if mark is None:
        return None
    how = "is drained" if mark.kind == "drained" else f"is being drained, {facts.agent.in_hand} left,"
    text = f"{facts.agent.name} {how}{_by(mark, facts.now)}: it gets nothing new, and {facts.agent.waiting} wait for its return."
    return Answer(cause=Cause.DRAINING, text=text, remedies=(uncordon(facts.agent.name),))


def paused(facts: AgentFacts) -> Answer | None:
    """Say who lets it start nothing."""
    mark = _mark(facts, "paused")
    if mark is None:
        return None
    how = "is paused" if mark.applied else "is to pause, which it has not confirmed,"
    text = f"{facts.agent.name} {how}{_by(mark, facts.now)}: it takes work and starts none."
    return Answer(cause=Cause.PAUSED, text=text, remedies=(resume(facts.agent.name),))


def host_paused(facts: AgentFacts) -> Answer | None:
    """Say that its own host lets it start nothing."""
    agent = facts.agent
    if not agent.host_pause:
        return None
    text = f"{agent.name} is paused by its own host: {one_line(agent.host_pause)}. It takes work and starts none."
    return Answer(cause=Cause.HOST_PAUSED, text=text, remedies=(Remedy(text=f"end the pause in agent.yaml on {agent.name}"),))


def full(facts: AgentFacts) -> Answer | None:
    """Say what takes its slots."""
    agent = facts.agent
    if not agent.slots or agent.busy < agent.slots:
        return None
    text = f"{agent.name} is full: {slots_taken(agent, facts.under_way, facts.now)}."
    first = tuple(explain("execution", one.number) for one in facts.under_way[:1])
    return Answer(cause=Cause.NO_FREE_SLOT, text=text, remedies=first)


def unwanted(facts: AgentFacts) -> Answer | None:
    """Say that its labels are none that a rule asks for."""
    if facts.fitting or facts.depending or not facts.active_revision:
        return None
    misfit = next((one.misfit for one in facts.rules if one.misfit), None)
    if misfit is None:
        text = f"No rule is live, so nothing is placed on {facts.agent.name} but what is run by hand."
    else:
        rule = next(one.rule for one in facts.rules if one.misfit)
        text = f"No rule matches the labels of {facts.agent.name}: {rule} wants {misfit.label}={misfit.wanted}, and {misfit_text(misfit)}."
    see = Remedy(text="see the rules and what they match", command="attune rule list")
    again = Remedy(text="give it other labels with a new invitation", command=f"attune agent invite {facts.agent.name} --label NAME=VALUE")
    return Answer(cause=Cause.NO_RULE_MATCHES, text=text, remedies=(see, again))


def _nothing(facts: AgentFacts) -> Answer:
    agent = facts.agent
    waits = next((queue for queue in facts.queues if queue.before and queue.waiting_for), None)
    if waits is not None and not agent.busy:
        number = waits.before[0].number
        text = f"Nothing hinders {agent.name} itself, but what it has in hand waits: execution {number}: {one_line(waits.waiting_for)}."
        return Answer(cause=Cause.NOTHING_HINDERS, text=text, remedies=(explain("execution", number),))
    rules = f"{counted(facts.fitting, 'rule')} can be placed on it" if facts.fitting else "no rule is bound to it by its labels alone"
    depends = f", {facts.depending} more by what an event says" if facts.depending else ""
    slots = f"{agent.busy} of {counted(agent.slots, 'slot')} taken, {agent.in_hand} in hand, {agent.waiting} not handed over"
    return Answer(cause=Cause.NOTHING_HINDERS, text=f"Nothing hinders {agent.name}: {rules}{depends}; {slots}.")


def _mark(facts: AgentFacts, kind: str) -> MarkView | None:
    return next((mark for mark in facts.agent.marks if mark.kind == kind), None)


def _by(mark: MarkView, now: str) -> str:
    return f" by {mark.by} for {passed(mark.since, now)}{' (' + one_line(mark.note) + ')' if mark.note else ''}"


#: What may be the answer, in the order of what a person has to know first.
ANSWERS: tuple[Callable[[AgentFacts], Answer | None], ...] = (locked, away, cordoned, draining, paused, host_paused, full, unwanted)
