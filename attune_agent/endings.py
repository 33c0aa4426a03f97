"""How an execution ends that never started, or of which nobody can say whether it did; pure, called by `attempt`."""

from attune_agent.errors import PolicyDenied
from attune_agent.executor_errors import GrantMissing, RequestMalformed
from attune_agent.preparation_errors import EnvironmentFailed, HashMismatch, PackMismatch, SecretMissing
from attune_agent.results import Ending, for_people
from attune_core.errors import AttuneError, Blame
from attune_core.input_documents.errors import InputUnwritable
from attune_core.quantities import show_duration
from attune_core.states import Outcome, Reason
from attune_core.wire.assignment import Policy

#: Said, never guessed, never silently run again.
LOST_START = Ending(
    outcome=Outcome.LOST,
    reason=Reason.START_UNKNOWN,
    detail="the executor that was asked for this attempt has lost its state; whether it started is unknown",
)


def cancelled_unstarted(reason: Reason | None) -> Ending:
    """Return the end of an execution that was cancelled before this attempt started."""
    detail = "gave way to a newer one before it started" if reason is Reason.SUPERSEDED else "was cancelled before it started"
    return Ending(outcome=Outcome.CANCELLED, reason=reason or Reason.OPERATOR, detail=detail)


def rejected_unstarted(reason: Reason, policy: Policy) -> Ending:
    """Return the end of an execution that admission did not let start: `expired` or `skipped`."""
    detail = f"was not run: {policy.limit} before it in its queue were not settled (when_busy: skip)"
    if reason is Reason.EXPIRED:
        detail = f"was not run: it had not started within {show_duration(policy.start_within or 0.0)} of its acceptance"
    return Ending(outcome=Outcome.REJECTED, reason=reason, detail=detail)


def ending_of_unstartable(error: GrantMissing | RequestMalformed) -> Ending:
    """Return the end of an execution whose start the executor will never take."""
    if isinstance(error, GrantMissing):
        return Ending(outcome=Outcome.REJECTED, reason=Reason.POLICY_DENIED, detail=for_people(str(error)))
    return Ending(outcome=Outcome.FAILED, reason=Reason.NOT_EXECUTABLE, detail=for_people(error.message))


def ending_of_refusal(error: AttuneError) -> Ending | None:
    """Return the end that an error of the preparation means, None when it passes by itself and the execution waits at its place."""
    if error.blame is Blame.PASSING:
        return None
    ending: Ending | None = None
    detail = for_people(str(error))
    if isinstance(error, PackMismatch):
        ending = Ending(outcome=Outcome.REJECTED, reason=Reason.PACK_MISMATCH, detail=detail)
    elif isinstance(error, PolicyDenied):
        ending = Ending(outcome=Outcome.REJECTED, reason=Reason.POLICY_DENIED, detail=detail)
    elif isinstance(error, InputUnwritable):
        ending = Ending(outcome=Outcome.REJECTED, reason=Reason.INPUT_INVALID, detail=detail)
    elif isinstance(error, SecretMissing):
        ending = Ending(outcome=Outcome.FAILED, reason=Reason.SECRET_MISSING, detail=detail)
    elif isinstance(error, HashMismatch):
        ending = Ending(outcome=Outcome.FAILED, reason=Reason.ENVIRONMENT_FAILED, detail=detail, final=True)
    elif isinstance(error, EnvironmentFailed) or error.blame is Blame.AUTHOR:
        ending = Ending(outcome=Outcome.FAILED, reason=Reason.ENVIRONMENT_FAILED, detail=detail)
    return ending  # what the host's operator can cure without running it again keeps its place: it waits
