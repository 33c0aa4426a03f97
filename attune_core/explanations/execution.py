"""Why an execution is where it is: everything that holds, the first of it the answer; pure.

Called by the controller's `explaining` with the facts it has gathered; each line of ANSWERS looks for one cause.
"""

from collections.abc import Callable

from attune_core.explanations.ended import ended
from attune_core.explanations.remedies import cancel, read_logs, run_again
from attune_core.explanations.unplaced import unplaced
from attune_core.explanations.waiting import (
    agent_away,
    agent_draining,
    agent_locked,
    agent_paused,
    host_paused,
    no_free_slot,
    preparing,
    queue_paused,
    rate_waits,
    requeued,
    retry_waits,
    slot_taken,
    told_otherwise,
)
from attune_core.explanations.wording import about, counted, passed
from attune_core.moments import parse_rfc3339
from attune_core.quantities import show_duration
from attune_core.states import State
from attune_core.wire.explanations import Answer, Cause, ExecutionExplanation, ExecutionFacts


def explain_execution(facts: ExecutionFacts) -> ExecutionExplanation:
    """Return the answer, what else holds, and the facts."""
    found = [answer for look in ANSWERS if (answer := look(facts))]
    first = found[0] if found else told_otherwise(facts) or _nothing(facts)
    rest = [answer for answer in (*found[1:], *(look(facts) for look in BESIDE)) if answer]
    return ExecutionExplanation(answer=first, also=tuple(rest), facts=facts)


def cancelling(facts: ExecutionFacts) -> Answer | None:
    """Say that its end was asked for and has not come."""
    one = facts.execution
    if "cancelling" not in one.conditions:
        return None
    text = f"Execution {one.number} is being cancelled: {one.agent or 'its agent'} has not answered yet that nothing of it is left."
    return Answer(cause=Cause.CANCELLING, text=text)


def running(facts: ExecutionFacts) -> Answer | None:
    """Say since when it runs."""
    one = facts.execution
    if one.state is not State.STARTED:
        return None
    since = next((own.since for own in facts.under_way if own.id == one.id), one.started_at)
    attempt = f" (attempt {one.attempt})" if one.attempt > 1 else ""
    timeout = f" Its timeout is {show_duration(facts.policy.timeout)} an attempt." if facts.policy else ""
    text = f"Execution {one.number} has been running on {one.agent} for {passed(since, facts.now) or 'an unknown time'}{attempt}.{timeout}"
    return Answer(cause=Cause.RUNNING, text=text, remedies=(read_logs(one.number, follow=True), cancel(one.number)))


def older_revision(facts: ExecutionFacts) -> Answer | None:
    """Say that another revision is live than the one it was accepted with, and what that changes for it."""
    one = facts.execution
    if not facts.active_revision or one.revision == facts.active_revision:
        return None
    verb = "ran" if one.state is State.SETTLED else "runs"
    text = f"It {verb} the files of revision {one.revision[:12]}, with which it was accepted; {facts.active_revision[:12]} is live now."
    if facts.policy is None:
        text += " Its action is not there any more."
    elif facts.policy_changes:
        named = ", ".join(f"{one.name} {one.accepted} → {one.active}" for one in facts.policy_changes)
        text += f" Of its policy, that of the live one holds: {named}."
    elif facts.accepted_known:
        text += " Their policies are the same."
    again = (run_again(one, input_shown=facts.input_shown),) if one.state is State.SETTLED and facts.policy is not None else ()
    return Answer(cause=Cause.OLDER_REVISION, text=text, remedies=again)


def expires(facts: ExecutionFacts) -> Answer | None:
    """Say until when it may start at all."""
    one, within = facts.execution, facts.policy.start_within if facts.policy else None
    if within is None or one.attempt or one.started_at or one.state is State.SETTLED:
        return None
    rest = within - (parse_rfc3339(facts.now) - parse_rfc3339(one.accepted_at))
    text = f"If it has not started in {about(rest)}, it is not run at all (start_within {show_duration(within)})."
    return Answer(cause=Cause.EXPIRES, text=text)


def _nothing(facts: ExecutionFacts) -> Answer:
    one = facts.execution
    ahead = f" behind {counted(facts.queue.ahead, 'execution')}" if facts.queue and facts.queue.ahead else ""
    return Answer(cause=Cause.WAITING, text=f"Execution {one.number} is {one.state.value}{ahead}; nothing more is known.")


#: What may be the answer, in the order of what a person has to know first.
ANSWERS: tuple[Callable[[ExecutionFacts], Answer | None], ...] = (
    ended,
    agent_locked,
    agent_away,
    cancelling,
    unplaced,
    host_paused,
    agent_paused,
    queue_paused,
    agent_draining,
    running,
    preparing,
    requeued,
    retry_waits,
    slot_taken,
    rate_waits,
    no_free_slot,
)
#: What is said besides, whatever the answer is.
BESIDE: tuple[Callable[[ExecutionFacts], Answer | None], ...] = (expires, older_revision)
