"""What is said of an execution that has ended: how, why, and what helps; pure.

Asked first by `execution`; the reasons are those of attune_core.states.
"""

import re

from attune_core.explanations.remedies import cancel, explain, explain_word, read_build_log, read_logs, run_again
from attune_core.explanations.wording import counted, one_line, passed
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
    match one.outcome, one.reason:
        case Outcome.SUCCEEDED, _:
            return f"succeeded{where}{ago}."
        case _, Reason.QUEUE_FULL:
            return f"was rejected{ago}: its queue{where} was full.{_queue_now(facts)}"
        case _, Reason.NO_AGENT:
            return f"was rejected{ago}: no agent was found for it in time: {one_line(one.detail)}."
        case _, Reason.EXPIRED:
            return f"was not run{ago}: it could not start within the time that its action gives it{_within(facts)}."
        case _, Reason.SUPERSEDED:
            return f"was cancelled{where}{ago}: a newer execution of its queue took its place (when_busy: cancel_running)."
        case _, Reason.SKIPPED:
            return f"was not run{ago}: its queue was busy, and its action says when_busy: skip."
        case _, Reason.REMOVED:
            return f"was cancelled{ago}: a new revision removed its action before it started."
        case _, Reason.OPERATOR:
            return f"was cancelled{where}{ago}: {one_line(one.detail) or 'an operator asked for it'}."
        case Outcome.LOST, _:
            return f"is lost{where}{ago}: it may have started, and how it ended is not known{_detail(one)}"
        case _:
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
    return f" (start_within: {within:g} s)" if within else ""


def _queue_now(facts: ExecutionFacts) -> str:
    if facts.queue is None:
        return ""
    first = f", execution {facts.queue.before[0].number} at its head" if facts.queue.before else ""
    return f" Now it has {counted(facts.queue.depth, 'unsettled execution')}{first}."


def _remedies(facts: ExecutionFacts) -> list[Remedy]:
    one = facts.execution
    again = run_again(one, input_shown=facts.input_shown, agent=one.agent)
    match one.reason:
        case None:
            return []
        case Reason.SECRET_MISSING:
            where = Remedy(text=f"on {one.agent}, write the secret into a file of its name, mode 0600, in the agent's secrets directory")
            return [where, again]
        case Reason.ENVIRONMENT_FAILED:
            return [read_build_log(one.number), again]
        case Reason.QUEUE_FULL:
            first = facts.queue.before[0].number if facts.queue and facts.queue.before else 0
            head = [explain("execution", first), cancel(first, text="or end it")] if first else []
            return [*head, run_again(one, input_shown=facts.input_shown)]
        case Reason.NO_AGENT:
            see = Remedy(text="see which agents there are, and their labels", command="attune agent list")
            return [see, run_again(one, input_shown=facts.input_shown)]
        case Reason.EXPIRED:
            return [again]
        case Reason.START_UNKNOWN | Reason.EXECUTOR_DIED | Reason.AGENT_FORGOTTEN:
            look = Remedy(text=f"look at {one.agent} for what it did; only then")
            return [explain_word(one.reason.value), look, again]
        case Reason.OPERATOR | Reason.SUPERSEDED | Reason.SKIPPED | Reason.REMOVED:
            return []
        case _:
            code = _CODE.match(one.detail)
            logs = [read_logs(one.number)] if one.started_at else []
            return [*logs, explain_word(code[0] if code else one.reason.value)]
