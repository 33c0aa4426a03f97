"""The facts of an execution as rows of names and values; part of `explanation`."""

from collections.abc import Iterator

from attune_cli.render.agent import marks_of
from attune_cli.render.output import compact
from attune_cli.render.queue import pause_line
from attune_core.explanations.wording import left, passed, short_moment
from attune_core.quantities import show_duration
from attune_core.states import State
from attune_core.wire.api import AgentView
from attune_core.wire.explanations import ExecutionFacts, HolderView, PolicyView, QueueView, RuleOrigin


def execution_rows(facts: ExecutionFacts) -> list[tuple[str, str]]:
    """Return them in the order in which one asks."""
    one = facts.execution
    where = f" on {one.agent}" if one.agent else ""
    return [
        ("execution", f"{one.number}: {one.action}{where}, {(one.outcome or one.state).value}"),
        ("history", "\n".join(_history(facts))),
        ("said", one.detail),
        ("queue", "\n".join(_queue(facts.queue, facts)) if facts.queue else ""),
        ("agent", agent_row(facts.agent, facts.now) if facts.agent and not one.outcome else ""),
        ("slots", "\n".join(_slots(facts))),
        ("policy", policy_row(facts.policy) if facts.policy else ""),
        ("rule", _rule(facts.rule) if facts.rule else "none: a manual run"),
        ("event", str(one.event)),
        ("revision", _revision(facts)),
        ("input", compact(dict(one.input)) if facts.input_shown else "long; see: attune execution show " + str(one.number)),
        ("id", one.id),
    ]


def _history(facts: ExecutionFacts) -> Iterator[str]:
    one = facts.execution
    yield f"accepted {_at(one.accepted_at, facts.now)}"
    if one.started_at:
        yield f"started {_at(one.started_at, facts.now)}{', the first of its attempts' if one.attempt > 1 else ''}"
    if one.attempt > 1:
        yield f"attempt {one.attempt} now" if not one.settled_at else f"{one.attempt} attempts"
    if one.settled_at:
        yield f"settled {_at(one.settled_at, facts.now)}"


def _at(moment: str, now: str) -> str:
    return f"{short_moment(moment)} ({passed(moment, now)} ago)"


def _queue(queue: QueueView, facts: ExecutionFacts) -> Iterator[str]:
    one = facts.execution
    key = f", key {queue.key}" if queue.key != "null" else ""
    place = "of all agents" if queue.place == "*" else f"on {queue.place}"
    yield f"{queue.action} {place}{key}: {queue.depth} not settled{f', {queue.ahead} before it' if one.sequence else ''}"
    for before in queue.before:
        yield holder_row(before, facts.now)
    if queue.ahead > len(queue.before):
        yield f"… and {queue.ahead - len(queue.before)} more before it"
    if facts.ready_at:
        yield f"its next place: at the end, {left(facts.ready_at, facts.now)} ({short_moment(facts.ready_at)})"
    elif one.sequence:
        handed = "handed over" if facts.handed else "not handed over"
        yield f"its place: epoch {one.epoch}, sequence {one.sequence}, {handed}"
    yield from map(pause_line, queue.pauses)
    if queue.waiting_for and queue.head == one.id and not queue.pauses and (queue.until or not queue.ahead):
        until = f", {left(queue.until, facts.now)} ({short_moment(queue.until)})" if queue.until else ""
        yield f"the agent says: {queue.waiting_for}{until}"


def _slots(facts: ExecutionFacts) -> Iterator[str]:
    """Say what takes the agent's slots, when that is in the way."""
    agent = facts.agent
    if agent is not None and agent.busy >= agent.slots and not facts.execution.outcome:
        yield from (holder_row(own, facts.now) for own in facts.under_way if own.id != facts.execution.id)


def holder_row(one: HolderView, now: str) -> str:
    """Return one execution that stands in the way."""
    since = f" since {short_moment(one.since)} ({passed(one.since, now)})" if one.since else ""
    attempt = f", attempt {one.attempt}" if one.attempt > 1 else ""
    state = "running" if one.state is State.STARTED else one.state.value
    return f"execution {one.number}: {one.action}, {state} on {one.agent}{since}{attempt}"


def agent_row(agent: AgentView, now: str) -> str:
    """Return how an agent is."""
    seen = f", last heard of {short_moment(agent.last_seen_at)} ({passed(agent.last_seen_at, now)} ago)" if agent.last_seen_at else ""
    state = f"connected, {agent.busy} of {agent.slots} slots taken" if agent.state == "connected" else f"away{seen}"
    return "\n".join([f"{agent.name}: {state}", *marks_of(agent)])


def policy_row(policy: PolicyView) -> str:
    """Return the policy in force, without what does nothing."""
    key = f" for each {policy.key}" if policy.key else ""
    lines = [f"limit {policy.limit}{key}, scope {policy.scope}, when_busy {policy.when_busy}"]
    if policy.rate:
        lines.append(f"rate {policy.rate.limit} per {show_duration(policy.rate.per)}, scope {policy.rate.scope}")
    if policy.maximum_attempts > 1:
        after = ", ".join(outcome.value for outcome in policy.retry_after)
        first, most = show_duration(policy.initial_interval), show_duration(policy.maximum_interval)
        lines.append(f"retry: {policy.maximum_attempts} attempts, after {after}, place {policy.retry_place}, {first} to {most} apart")
    within = f", start_within {show_duration(policy.start_within)}" if policy.start_within else ""
    lines.append(f"timeout {show_duration(policy.timeout)}{within}")
    return "\n".join(lines)


def _rule(rule: RuleOrigin) -> str:
    place = f" ({rule.path}:{rule.line})" if rule.path else ""
    standing = f", {rule.standing} now" if rule.standing in ("removed", "disabled") else ""
    change = rule.change
    by = (
        f"changed last by {change.author} in {change.commit[:12]}, {change.at[:10]}: {change.subject}"
        if change
        else "who changed it last is not known"
    )
    return f"{rule.ref}{place}{standing}\n{by}"


def _revision(facts: ExecutionFacts) -> str:
    accepted, active = facts.execution.revision, facts.active_revision
    lines = [accepted[:12] + (" (live)" if accepted == active else f" ({active[:12] or 'none'} is live)")]
    lines += [f"{one.name}: {one.accepted} there, {one.active} holds" for one in facts.policy_changes]
    return "\n".join(lines)
