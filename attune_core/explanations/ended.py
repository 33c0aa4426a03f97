"""What is said of an execution that has ended: how, why, and what helps; pure.

Asked first by `execution`; the reasons are those of attune_core.states.
"""

import re
from collections.abc import Callable, Mapping

from attune_core.explanations.remedies import cancel, explain, explain_word, read_build_log, read_logs, run_again
from attune_core.explanations.wording import about, counted, one_line, passed
from attune_core.states import Outcome, Reason, State
from attune_core.wire.api import ExecutionView
from attune_core.wire.explanations import Answer, Cause, ExecutionFacts, Remedy

_CAUSES = {
    Reason.SECRET_MISSING: Cause.SECRET_MISSING,
    Reason.QUEUE_FULL: Cause.QUEUE_FULL,
    Reason.NO_AGENT: Cause.NO_AGENT,
    Reason.EXPIRED: Cause.EXPIRED,
    Reason.SUPERSEDED: Cause.SUPERSEDED,
    Reason.SKIPPED: Cause.SKIPPED,
}
_CODE = re.compile(r"ATT[0-9]{3}(?=:)", re.ASCII)


def ended(facts: ExecutionFacts) -> Answer | None:
    """Say how it ended."""
    one = facts.execution
    if one.state is not State.SETTLED or one.outcome is None:
        return None
    cause = _CAUSES.get(one.reason, Cause.SETTLED) if one.reason else Cause.SETTLED
    return Answer(cause=cause, text=f"Execution {one.number} {_how(facts)}", remedies=tuple(_remedies(facts)))


def _how(facts: ExecutionFacts) -> str:
    one = facts.execution
    ago = f" {passed(one.settled_at, facts.now)} ago" if one.settled_at else ""
    where = f" on {one.agent}" if one.agent else ""
    if one.reason in _SAID:
        how, why = _SAID[one.reason]
        return f"{how}{where}{ago}: {why(facts)}."
    if one.outcome is Outcome.LOST:
        return f"is lost{where}{ago}: it may have started, and how it ended is not known{_detail(one)}"
    if one.outcome is Outcome.SUCCEEDED:
        return f"succeeded{where}{ago}."
    return f"{_outcome(one)}{where}{ago}{_reason(one)}{_detail(one)}"


def _outcome(one: ExecutionView) -> str:
    match one.outcome:
        case Outcome.TIMED_OUT:
            return "ran out of its time"
        case Outcome.CANCELLED | Outcome.REJECTED:
            return f"was {one.outcome.value}"
        case _:
            return "failed"


def _reason(one: ExecutionView) -> str:
    if one.reason is None:
        return ""
    code = f" {one.exit_code}" if one.reason is Reason.EXIT_CODE and one.exit_code is not None else ""
    return f": {one.reason.value.replace('_', ' ')}{code}"


def _detail(one: ExecutionView) -> str:
    return f" ({one_line(one.detail)})." if one.detail else "."


def _within(facts: ExecutionFacts) -> str:
    within = facts.policy.start_within if facts.policy else None
    return f"it could not start within {about(within)} of its acceptance (start_within)" if within else "it could not start in time"


def _queue_was_full(facts: ExecutionFacts) -> str:
    if facts.queue is None:
        return "its queue was full"
    first = f", first of all execution {facts.queue.before[0].number}" if facts.queue.before else ""
    return f"its queue was full; now {counted(facts.queue.depth, 'execution')} of it {_are(facts.queue.depth)} not settled{first}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


#: How it ended and why, for reasons that need no word of the agent.
_SAID: Mapping[Reason | None, tuple[str, Callable[[ExecutionFacts], str]]] = {
    Reason.QUEUE_FULL: ("was rejected", _queue_was_full),
    Reason.NO_AGENT: ("was rejected", lambda facts: f"no agent was found in time: {one_line(facts.execution.detail)}"),
    Reason.EXPIRED: ("was not run", _within),
    Reason.SUPERSEDED: ("was cancelled", lambda _: "newer executions of its queue took its place (when_busy: cancel_running)"),
    Reason.SKIPPED: ("was not run", lambda _: "its queue was busy, and its action says when_busy: skip"),
    Reason.REMOVED: ("was cancelled", lambda _: "a new revision removed its action before it started"),
    Reason.OPERATOR: ("was cancelled", lambda facts: one_line(facts.execution.detail) or "an operator asked for it"),
}


def _remedies(facts: ExecutionFacts) -> list[Remedy]:
    one = facts.execution
    if one.reason is None or one.reason in (Reason.OPERATOR, Reason.SUPERSEDED, Reason.SKIPPED, Reason.REMOVED):
        return []
    again = run_again(one, input_shown=facts.input_shown, agent=one.agent if one.started_at or one.reason in _OF_ITS_AGENT else "")
    if one.reason is Reason.SECRET_MISSING:
        where = f"on {one.agent}, write the secret into a file of its name, mode 0600, in the agent's secrets directory"
        return [Remedy(text=where), again]
    if one.outcome is Outcome.LOST:
        return [explain_word(one.reason.value), Remedy(text=f"look at {one.agent} for what it did, and only then"), again]
    before: dict[Reason, list[Remedy]] = {
        Reason.QUEUE_FULL: _head_of(facts),
        Reason.NO_AGENT: [Remedy(text="see which agents there are, and their labels", command="attune agent list")],
        Reason.ENVIRONMENT_FAILED: [read_build_log(one.number)],
        Reason.EXPIRED: [],
    }
    return [*before[one.reason], again] if one.reason in before else _of_its_program(one)


#: Reasons that say something of the agent alone, so that running it again is for the same one.
_OF_ITS_AGENT = (Reason.SECRET_MISSING, Reason.ENVIRONMENT_FAILED)


def _head_of(facts: ExecutionFacts) -> list[Remedy]:
    first = facts.queue.before[0].number if facts.queue and facts.queue.before else 0
    return [explain("execution", first), cancel(first, text="or end that one")] if first else []


def _of_its_program(one: ExecutionView) -> list[Remedy]:
    code = _CODE.match(one.detail)
    logs = [read_logs(one.number)] if one.started_at else []
    word = code[0] if code else one.reason.value if one.reason else ""
    return [*logs, explain_word(word)]
