"""What became of an event that a throttle lets wait with others, in words; pure.

Called by `event` for each rule whose throttle has something to do with the event.
"""

from shlex import quote

from attune_core.explanations.remedies import explain
from attune_core.explanations.wording import counted, left, short_moment
from attune_core.rules.ending import Lapse
from attune_core.wire.explanations import Answer, Cause, EventFacts, GroupView, Remedy, RuleVerdict

#: The causes that are said here.
GROUP_CAUSES = frozenset({Cause.WAITS, Cause.GATHERED, Cause.LAPSED, Cause.ANSWERED})


def of_group(facts: EventFacts, verdict: RuleVerdict, group: GroupView) -> Answer:
    """Say of one rule what became of the group that an event waits, or waited, in."""
    position = facts.event.position
    key = f" for {group.key}" if group.key not in ("", "null") else ""
    events = f"{counted(group.count, 'event')} since {short_moment(group.opened_at)}"
    other = (explain("event", group.last),) if group.last != position else ()
    match verdict.cause:
        case Cause.WAITS:
            text = f"{verdict.rule} lets it wait: it fires {group.throttle}{key}; {events}, and {_when(facts, group)}."
            groups = Remedy(text="see everything that waits for this rule", command=f"attune throttle list --rule {quote(verdict.rule)}")
            return Answer(cause=Cause.WAITS, text=text, remedies=(groups, *other))
        case Cause.GATHERED:
            done = "matched, but its input does not fit, " if group.outcome == "rejected" else "fired "
            text = f"{verdict.rule} {done}once for {counted(group.count, 'event')} together{key}, for event {group.last}."
            return Answer(cause=Cause.GATHERED, text=text, remedies=other)
        case Cause.ANSWERED:
            text = f"It is what {verdict.rule} waited for after event {group.last}{key}, so the rule does not fire for that one."
            return Answer(cause=Cause.ANSWERED, text=text, remedies=other)
        case _ if group.outcome == Lapse.ANSWERED:
            text = f"{verdict.rule} waited{key} for what came as event {group.by}, so it did not fire."
            return Answer(cause=Cause.LAPSED, text=text, remedies=(explain("event", group.by),))
        case _:
            text = f"{verdict.rule} let it wait with {counted(group.count, 'event')} in all{key}, and gave nothing: {group.detail}."
            change = f" in {verdict.path}:{verdict.line}" if verdict.path else ""
            return Answer(cause=Cause.LAPSED, text=text, remedies=(Remedy(text=f"if it should fire, change `throttle`{change}"), *other))


def _when(facts: EventFacts, group: GroupView) -> str:
    missing = group.at_least - group.count
    needed = f" if {counted(missing, 'more event')} {'comes' if missing == 1 else 'come'} by then" if missing > 0 else ""
    return f"it is asked at {short_moment(group.due_at)} ({left(group.due_at, facts.now)}){needed}"
