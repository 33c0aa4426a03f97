"""The facts of an event as rows of names and values; part of `explanation`."""

from collections.abc import Iterator

from attune_core.explanations.wording import left, passed, short_moment
from attune_core.quantities import show_duration
from attune_core.wire.explanations import Cause, ClauseView, EventFacts, ExecutionRef, GroupView, RuleVerdict

_WORDS = {
    Cause.FIRED: "fired",
    Cause.REJECTED: "rejected",
    Cause.CONDITION_FAILED: "error",
    Cause.THROTTLED: "throttled",
    Cause.WAITS: "waits",
    Cause.GATHERED: "gathered",
    Cause.LAPSED: "lapsed",
    Cause.ANSWERED: "answered",
    Cause.NO_MATCH: "no match",
    Cause.DISABLED: "disabled",
}


def event_rows(facts: EventFacts) -> list[tuple[str, str]]:
    """Return them in the order in which one asks."""
    event = facts.event
    rules = [("rule" if number == 0 else "", "\n".join(_rule(one, facts.now))) for number, one in enumerate(facts.rules)]
    more = [("", f"… and {facts.more} more rules")] if facts.more else []
    return [
        ("event", f"{event.position}: {event.type}, {event.status.replace('_', ' ')}"),
        ("received", f"{short_moment(event.received_at)} ({passed(event.received_at, facts.now)} ago) from {event.source}"),
        ("subject", event.subject),
        *rules,
        *more,
        ("executions", "\n".join(_execution(one) for one in facts.manual)),
        ("revision", _revision(facts)),
        ("id", event.id),
    ]


def _rule(verdict: RuleVerdict, now: str) -> Iterator[str]:
    place = f" ({verdict.path}:{verdict.line})" if verdict.path else ""
    since = f", {verdict.standing} since" if verdict.standing in ("removed", "disabled") and verdict.cause is not Cause.DISABLED else ""
    yield f"{verdict.rule}{place}: {_WORDS.get(verdict.cause, 'unknown')}{since}"
    for one in verdict.executions:
        yield f"  {_execution(one)}"
    if verdict.more_executions:
        yield f"  … and {verdict.more_executions} more executions"
    if verdict.detail:
        yield f"  {verdict.detail}"
    if verdict.clause:
        yield from _clause(verdict.clause)
    if throttle := verdict.throttle:
        key = f" for {throttle.key}" if throttle.key not in ("", "null") else ""
        until = f", until {short_moment(throttle.until)} ({left(throttle.until, now)})" if throttle.until else ""
        yield f"  once within {show_duration(throttle.once_within)}{key}{until}"
        if throttle.event:
            yield f"  event {throttle.event} had it"
    if verdict.group:
        yield from _group(verdict.group, now)


def _group(group: GroupView, now: str) -> Iterator[str]:
    key = f" for {group.key}" if group.key not in ("", "null") else ""
    yield f"  {group.throttle}{key}"
    named = ", ".join(map(str, group.events))
    older = f"{group.count - len(group.events)} before, " if group.count > len(group.events) else ""
    yield f"  {group.count} since {short_moment(group.opened_at)}: {older}{named}"
    if not group.ended_at:
        yield f"  due {short_moment(group.due_at)} ({left(group.due_at, now)})"
        return
    by = f" by event {group.by}" if group.by else ""
    detail = f": {group.detail}" if group.detail else ""
    yield f"  ended {short_moment(group.ended_at)}{by}, {group.outcome.replace('_', ' ')}{detail}"


def _clause(clause: ClauseView) -> Iterator[str]:
    yield f"  {'error' if clause.error else clause.value}: {clause.source}"
    if clause.error:
        yield f"  {clause.error}"
    for field in clause.fields:
        yield f"  {field.source} = {field.value}" if field.is_there else f"  {field.source} is not there"


def _execution(one: ExecutionRef) -> str:
    return f"execution {one.number}{' on ' + one.agent if one.agent else ''}: {(one.outcome or one.state).value}"


def _revision(facts: EventFacts) -> str:
    planned, active = facts.event.revision, facts.active_revision
    if not planned:
        return f"{active[:12]} is live" if active else ""
    return f"planned by {planned[:12]}" + (" (live)" if planned == active else f" ({active[:12] or 'none'} is live)")
