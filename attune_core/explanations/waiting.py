"""What an execution waits for at its agent: the agent, its pauses, its queue, its slots, its own preparation; pure.

Asked by `execution` after `ended` and `unplaced`, each for itself: several may hold at once, and the first one is the answer.
"""

from shlex import quote

from attune_core.explanations.remedies import bring_back, cancel, explain, forget, read_build_log, resume, show_queue, uncordon, unlock
from attune_core.explanations.standing import holding, slots_taken
from attune_core.explanations.wording import counted, left, one_line, passed, short_moment
from attune_core.quantities import show_duration
from attune_core.states import State
from attune_core.wire.api import AgentView, MarkView
from attune_core.wire.explanations import Answer, Cause, ExecutionFacts, Remedy

#: Where an execution is that has not begun to be made.
_STANDING = (State.QUEUED, State.ASSIGNED, State.PREPARING)


def agent_locked(facts: ExecutionFacts) -> Answer | None:
    """Say that its agent is there twice."""
    one, agent = facts.execution, facts.agent
    if agent is None or not facts.locked or one.state is State.SETTLED:
        return None
    text = f"Execution {one.number} is held: {agent.name} is locked out, because two copies of its state directory are alive."
    return Answer(cause=Cause.AGENT_LOCKED, text=text, remedies=unlock(agent))


def agent_away(facts: ExecutionFacts) -> Answer | None:
    """Say that nobody hears of its agent."""
    one, agent = facts.execution, facts.agent
    if agent is None or agent.state == "connected" or facts.locked or one.state is State.SETTLED:
        return None
    away = (
        f"{agent.name}, which has been away for {passed(agent.last_seen_at, facts.now)}"
        if agent.last_seen_at
        else f"{agent.name}, which was never here"
    )
    if facts.handed:
        text = f"Execution {one.number} is on {away}: what it does there is not known here. It is not given to another agent."
        gone = [forget(agent.name)]
    else:
        text = f"Execution {one.number} waits for {away}. It has not been handed over."
        gone = [cancel(one.number)]
    return Answer(cause=Cause.AGENT_AWAY, text=text, remedies=(bring_back(agent), *gone))


def host_paused(facts: ExecutionFacts) -> Answer | None:
    """Say that the host itself lets nothing start."""
    agent = _asked(facts)
    if agent is None or not agent.host_pause:
        return None
    text = f"Execution {facts.execution.number} waits: {agent.name} is paused by its own host: {one_line(agent.host_pause)}."
    return Answer(cause=Cause.HOST_PAUSED, text=text, remedies=(Remedy(text=f"end the pause in agent.yaml on {agent.name}"),))


def agent_paused(facts: ExecutionFacts) -> Answer | None:
    """Say who paused its agent, and why."""
    agent = _asked(facts)
    mark = _mark(agent, "paused")
    if agent is None or mark is None:
        return None
    return _waits(facts, Cause.PAUSED, f"{agent.name} is paused{_by(mark, facts.now)}", resume(agent.name))


def agent_draining(facts: ExecutionFacts) -> Answer | None:
    """Say that its agent is handed nothing more."""
    agent = _asked(facts)
    mark = _mark(agent, "draining") or _mark(agent, "drained")
    if agent is None or mark is None or facts.handed:
        return None
    return _waits(facts, Cause.DRAINING, f"{agent.name} is being drained{_by(mark, facts.now)}", uncordon(agent.name))


def queue_paused(facts: ExecutionFacts) -> Answer | None:
    """Say who paused its queue or its action."""
    pause = facts.queue.pauses[0] if facts.queue and facts.queue.pauses else None
    if pause is None or not _stands(facts) or _under_way_since(facts):
        return None
    what = "its queue" if pause.key is not None else f"every queue of {pause.action}"
    key = "" if pause.key is None else f" --key {quote(pause.key)}"
    goes_on = Remedy(text="let it go on", command=f"attune queue resume {pause.action}{key}")
    return _waits(
        facts, Cause.QUEUE_PAUSED, f"{what} is paused by {pause.by} for {passed(pause.since, facts.now)}: {one_line(pause.note)}", goes_on
    )


def requeued(facts: ExecutionFacts) -> Answer | None:
    """Say that it is on its way to another place."""
    one = facts.execution
    if "requeuing" not in one.conditions:
        return None
    text = f"Execution {one.number} is to stand at the end of its queue: {one.agent} has not given it back yet."
    return Answer(cause=Cause.REQUEUING, text=text)


def retry_waits(facts: ExecutionFacts) -> Answer | None:
    """Say when the next attempt follows, and what became of the last one."""
    one, attempt = facts.execution, facts.execution.attempt
    at_tail = bool(facts.ready_at) and one.state is State.QUEUED
    if not at_tail and (one.state is not State.PREPARING or attempt < 2 or _under_way_since(facts)):
        return None
    attempt += at_tail  # made ones are counted while it has no place
    said, _, after = one_line(one.detail).partition("; the next follows")
    due = left(facts.ready_at, facts.now) if at_tail else left(facts.queue.until, facts.now) if facts.queue and _is_head(facts) else ""
    place = " at the end of its queue" if at_tail else ""
    most = f" of {facts.policy.maximum_attempts}" if facts.policy and facts.policy.maximum_attempts > 1 else ""
    why = said or "the last one did not succeed"
    text = f"Execution {one.number} waits for attempt {attempt}{most}, which follows{place}{f' {due}' if due else after}: {why}."
    command = f"attune execution logs {one.number} --stream both --attempt {attempt - 1}"
    return Answer(
        cause=Cause.RETRY, text=text, remedies=(Remedy(text="read what the last attempt wrote", command=command), cancel(one.number))
    )


def rate_waits(facts: ExecutionFacts) -> Answer | None:
    """Say when the rate of its action lets it start, or lets it go to its agent."""
    rate, queue = facts.policy.rate if facts.policy else None, facts.queue
    if rate is None or queue is None or not _stands(facts):
        return None
    at_agent = queue.waiting_for.startswith("rate ") and _is_head(facts)
    here = rate.scope == "fleet" and bool(facts.rate_until) and not queue.ahead
    if not at_agent and not here:
        return None
    until, shared = (queue.until, "") if at_agent else (facts.rate_until, ", all agents together")
    when = f"; it may start {left(until, facts.now)}" if until else ""
    what = f"the rate of {facts.execution.action} ({rate.limit} per {show_duration(rate.per)}{shared}) is used up{when}"
    return _waits(facts, Cause.RATE, what, Remedy(text="nothing, it goes on by itself; or raise `rate` in the action's document"))


def preparing(facts: ExecutionFacts) -> Answer | None:
    """Say that its pack and environment are being made ready, since when, and what that is."""
    one = facts.execution
    since = _under_way_since(facts)
    if one.state is not State.PREPARING or not since:
        return None
    what = (
        f"its environment {facts.environment} is being made ready"
        if facts.environment
        else one_line(one.detail) or "its pack is being fetched"
    )
    text = f"Execution {one.number} has been preparing on {one.agent} for {passed(since, facts.now)}: {what}."
    return Answer(cause=Cause.PREPARING, text=text, remedies=(read_build_log(one.number, follow=True), cancel(one.number)))


def slot_taken(facts: ExecutionFacts) -> Answer | None:
    """Say what stands before it and holds its place."""
    queue, one = facts.queue, facts.execution
    limit = facts.policy.limit if facts.policy else 1
    if (
        queue is None
        or not queue.ahead
        or facts.ready_at
        or not _stands(facts)
        or _under_way_since(facts)
        or (queue.ahead < limit and _is_head(facts))
    ):
        return None
    text = f"Execution {one.number} waits for its turn: {holding(queue, facts, limit)}."
    first = queue.before[0] if queue.before else None
    remedies = (explain("execution", first.number), cancel(first.number, text="or end that one")) if first else ()
    everybody = (show_queue(queue),) if queue.ahead > len(queue.before) else ()
    return Answer(cause=Cause.SLOT_TAKEN, text=text, remedies=(*remedies, *everybody))


def no_free_slot(facts: ExecutionFacts) -> Answer | None:
    """Say that the host is full."""
    agent = _asked(facts)
    if agent is None or not agent.slots or agent.busy < agent.slots or not _is_head(facts) or (facts.queue and facts.queue.until):
        return None
    text = f"Execution {facts.execution.number} waits for a free slot of {agent.name}: {slots_taken(agent, facts.under_way, facts.now)}."
    return Answer(
        cause=Cause.NO_FREE_SLOT, text=text, remedies=(Remedy(text="see what runs there", command=f"attune explain agent {agent.name}"),)
    )


def told_otherwise(facts: ExecutionFacts) -> Answer | None:
    """Say what the agent told of it, or how far its hand-over has come."""
    one, queue = facts.execution, facts.queue
    if queue is None or not _stands(facts):
        return None
    if _is_head(facts) and queue.waiting_for:
        when = f" ({left(queue.until, facts.now)})" if queue.until else ""
        return _waits(facts, Cause.WAITING, f"{one_line(queue.waiting_for)}{when}")
    if not facts.handed:
        behind = f" behind {counted(queue.ahead, 'execution')}" if queue.ahead else ""
        text = f"Execution {one.number} is about to be handed over to {one.agent}{behind}."
        return Answer(cause=Cause.WINDOW_FULL, text=text)
    return Answer(cause=Cause.WAITING, text=f"Execution {one.number} is about to start on {one.agent}; nothing is known to hinder it.")


def _waits(facts: ExecutionFacts, cause: Cause, why: str, *remedies: Remedy) -> Answer:
    return Answer(cause=cause, text=f"Execution {facts.execution.number} waits: {why}.", remedies=remedies)


def _stands(facts: ExecutionFacts) -> bool:
    return facts.execution.state in _STANDING


def _under_way_since(facts: ExecutionFacts) -> str:
    """Return since when it takes a slot, "" when it does not."""
    return next((own.since for own in facts.under_way if own.id == facts.execution.id), "")


def _is_head(facts: ExecutionFacts) -> bool:
    return _stands(facts) and facts.queue is not None and facts.queue.head == facts.execution.id


def _asked(facts: ExecutionFacts) -> AgentView | None:
    """Return the agent that is to start it."""
    return facts.agent if _stands(facts) else None


def _mark(agent: AgentView | None, kind: str) -> MarkView | None:
    return next((mark for mark in agent.marks if mark.kind == kind), None) if agent else None


def _by(mark: MarkView, now: str) -> str:
    note = f": {one_line(mark.note)}" if mark.note else ""
    applied = "" if mark.applied else f" (since {short_moment(mark.since)}; it has not confirmed that yet)"
    return f" by {mark.by} for {passed(mark.since, now)}{note}{applied}"
