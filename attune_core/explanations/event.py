"""What an event caused, or why it caused nothing: one answer, and what else became of its rules; pure.

Called by the controller's `explaining` with verdicts of the rules on its trigger.
"""

from attune_core.explanations.groups import GROUP_CAUSES, of_group
from attune_core.explanations.remedies import explain
from attune_core.explanations.wording import counted, left, one_line, short_moment
from attune_core.quantities import show_duration
from attune_core.wire.explanations import Answer, Cause, ClauseView, EventExplanation, EventFacts, ExecutionRef, Remedy, RuleVerdict

#: Causes of a rule that has something to do with the event, and gave nothing for it.
_SILENT = frozenset(
    {
        Cause.REJECTED,
        Cause.CONDITION_FAILED,
        Cause.THROTTLED,
        Cause.WAITS,
        Cause.GATHERED,
        Cause.LAPSED,
        Cause.ANSWERED,
        Cause.UNKNOWN,
    }
)
#: What is to be said of an event that fired nothing, because others fire with it.
_NOT = {Cause.WAITS: " yet", Cause.GATHERED: " by itself"}
#: Rules and executions that are named in one sentence.
_NAMED = 3


def explain_event(facts: EventFacts) -> EventExplanation:
    """Return the answer, what else holds, and the facts."""
    beside = [one for one in (_revision(facts),) if one]
    match facts.event.status:
        case "accepted":
            return EventExplanation(answer=_unplanned(facts), facts=facts)
        case "dead_letter" | "dropped":
            return EventExplanation(answer=_dead(facts), also=tuple(beside), facts=facts)
        case _:
            return _explain_planned(facts, beside)


def _explain_planned(facts: EventFacts, beside: list[Answer]) -> EventExplanation:
    fired = [one for one in facts.rules if one.cause is Cause.FIRED]
    silent = [one for one in facts.rules if one.cause in _SILENT]
    if facts.manual:
        answer = _manual(facts)
    elif fired:
        answer = _fired(facts, fired)
        beside = [*(_one(facts, one) for one in silent[:_NAMED]), *beside]
    else:
        answer = _nothing(facts, silent)
        beside = [*(_one(facts, one) for one in silent[1 : 1 + _NAMED]), *beside]
    return EventExplanation(answer=answer, also=tuple(beside), facts=facts)


def _unplanned(facts: EventFacts) -> Answer:
    event = facts.event
    if facts.active_revision:
        return Answer(cause=Cause.NOT_PLANNED, text=f"Event {event.position} is stored and its turn to be planned has not come yet.")
    status = Remedy(text="see why no revision is live", command="attune controller status")
    text = f"Event {event.position} is stored and waits: no revision is live yet, so there are no rules to ask."
    return Answer(cause=Cause.NOT_PLANNED, text=text, remedies=(status,))


def _dead(facts: EventFacts) -> Answer:
    near = f" Near names: {', '.join(facts.near)}." if facts.near else ""
    event, dropped = facts.event, " An operator has dropped it." if facts.event.status == "dropped" else ""
    why = f" ({event.dead_reason.value})" if event.dead_reason else ""
    text = f"Event {event.position} is a dead letter{why}, so no rule was asked: {one_line(event.reason)}.{near}{dropped}"
    means = Remedy(text="see what that means", command=f"attune explain {event.dead_reason.value}") if event.dead_reason else None
    again = Remedy(text="once the cause is gone, bring it back", command=f"attune event dead-letter retry {event.position}")
    data = Remedy(text="see its data", command=f"attune event dead-letter show {event.position} --data")
    return Answer(cause=Cause.DEAD_LETTER, text=text, remedies=tuple(filter(None, [means, *(() if dropped else (again, data))])))


def _manual(facts: EventFacts) -> Answer:
    asked = f"Event {facts.event.position} asked for {facts.event.subject or 'an action'} by hand: {_executions(facts.manual, 0)}."
    return Answer(cause=Cause.FIRED, text=asked, remedies=tuple(explain("execution", one.number) for one in facts.manual[:1]))


def _fired(facts: EventFacts, fired: list[RuleVerdict]) -> Answer:
    named = [f"{one.rule} ({_executions(one.executions, one.more_executions)})" for one in fired[:_NAMED]]
    if len(fired) > _NAMED:
        named.append(f"and {len(fired) - _NAMED} more")
    text = f"Event {facts.event.position} fired {counted(len(fired), 'rule')}: {', '.join(named)}."
    unsettled = [run for one in fired for run in one.executions if run.outcome is None]
    return Answer(cause=Cause.FIRED, text=text, remedies=tuple(explain("execution", run.number) for run in unsettled[:1]))


def _executions(executions: tuple[ExecutionRef, ...], more: int) -> str:
    named = [
        f"execution {one.number} {(one.outcome or one.state).value}{' on ' + one.agent if one.agent else ''}" for one in executions[:_NAMED]
    ]
    rest = len(executions) - len(named) + more
    return ", ".join([*named, *([f"{rest} more"] if rest else [])])


def _nothing(facts: EventFacts, silent: list[RuleVerdict]) -> Answer:
    position, disabled = facts.event.position, [one for one in facts.rules if one.cause is Cause.DISABLED]
    if silent:
        one = _one(facts, silent[0])
        return one.model_copy(update={"text": f"Event {position} fired nothing{_NOT.get(one.cause, '')}. {one.text}"})
    if not facts.candidates and disabled:
        text = f"Event {position} fired nothing: {disabled[0].rule}, the rule on {facts.event.type}, is disabled."
        return Answer(cause=Cause.DISABLED, text=text, remedies=(_edit(disabled[0], "say enabled: true"),))
    if not facts.candidates:
        near = f" There are rules on {' and '.join(facts.near)}." if facts.near else ""
        text = f"Event {position} fired nothing: there is no rule on the trigger {facts.event.type}.{near}"
        rules = Remedy(text="see all rules and their triggers", command="attune rule list")
        return Answer(cause=Cause.NO_RULE, text=text, remedies=(rules,))
    unmatched = [one for one in facts.rules if one.cause is Cause.NO_MATCH]
    first = _one(facts, unmatched[0])
    if facts.candidates == 1:
        return first.model_copy(update={"text": f"Event {position} fired nothing. {first.text}"})
    text = f"Event {position} fired nothing: none of the {facts.candidates} rules on {facts.event.type} matched. {first.text}"
    return first.model_copy(update={"text": text})


def _one(facts: EventFacts, verdict: RuleVerdict) -> Answer:
    """Say of one rule that did not fire why."""
    see = Remedy(text="see the event's data", command=f"attune event show {facts.event.position}")
    if verdict.group is not None and verdict.cause in GROUP_CAUSES:
        return of_group(facts, verdict, verdict.group)
    match verdict.cause:
        case Cause.THROTTLED:
            return Answer(
                cause=Cause.THROTTLED,
                text=_throttled(facts, verdict),
                remedies=(_edit(verdict, "if it should fire again sooner, change `throttle`"),),
            )
        case Cause.REJECTED:
            text = f"{verdict.rule} matched, but what it fills in does not fit its action: {verdict.detail}."
            return Answer(cause=Cause.REJECTED, text=text, remedies=(see, _edit(verdict, "change `input` or `when`")))
        case Cause.CONDITION_FAILED:
            error = verdict.clause.error if verdict.clause else verdict.detail
            text = f"The condition of {verdict.rule} failed: {error or one_line(facts.event.reason)}{_values(verdict.clause)}."
            return Answer(cause=Cause.CONDITION_FAILED, text=text, remedies=(see, _edit(verdict, "change `when`")))
        case Cause.NO_MATCH:
            clause = f": {verdict.clause.source}{_values(verdict.clause)}" if verdict.clause else ""
            text = f"The condition of {verdict.rule} does not hold{clause}."
            return Answer(cause=Cause.NO_MATCH, text=text, remedies=(see, _edit(verdict, "if it should match, change `when`")))
        case _:
            text = f"{verdict.rule} matches by the rules that are live now, and gave nothing when the event was planned."
            return Answer(cause=Cause.UNKNOWN, text=text)


def _values(clause: ClauseView | None) -> str:
    """Return the fields that a clause names, with what stands in them."""
    said = [f"{one.source} is {one.value}" if one.is_there else f"{one.source} is not there" for one in (clause.fields if clause else ())]
    return f" ({', '.join(said)})" if said else ""


def _throttled(facts: EventFacts, verdict: RuleVerdict) -> str:
    throttle = verdict.throttle
    if throttle is None:
        return f"{verdict.rule} was throttled."
    key = f" for {throttle.key}" if throttle.key not in ("", "null") else ""
    taken = f" event {throttle.event} had it" if throttle.event else " an earlier event had it"
    ends = left(throttle.until, facts.now)
    until = f", until {short_moment(throttle.until)}{' (over by now)' if ends == 'now' else ''}" if throttle.until else ""
    return f"{verdict.rule} was throttled: it fires once in {show_duration(throttle.once_within)}{key}, and{taken}{until}."


def _edit(verdict: RuleVerdict, what: str) -> Remedy:
    return Remedy(text=f"{what} in {verdict.path}:{verdict.line}" if verdict.path else what)


def _revision(facts: EventFacts) -> Answer | None:
    """Say when other rules are shown than those that were asked, or are live."""
    event = facts.event
    if not event.revision or event.revision == facts.active_revision:
        return None
    asked = facts.asked_revision
    if asked and asked != event.revision:
        text = (
            f"It was planned by revision {event.revision[:12]}, which cannot be read here any more: the rules are those of {asked[:12]}, "
        )
        return Answer(cause=Cause.OLDER_REVISION, text=text + "which is live now.")
    gone = [one.rule for one in facts.rules if one.standing == "removed"]
    text = f"It was planned by revision {event.revision[:12]}, whose rules these are; {facts.active_revision[:12] or 'none'} is live now."
    if gone:
        text += f" Removed since: {', '.join(gone[:_NAMED])}{f' and {len(gone) - _NAMED} more' if len(gone) > _NAMED else ''}."
    return Answer(cause=Cause.OLDER_REVISION, text=text)
