"""The states, outcomes and reasons of an Execution, and the moves between them; the only list in the project.

Read by the controller's reports, the agent's attempts and the command line; docs/errors.md has a heading for each reason.
"""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where an Execution is on its way."""

    ACCEPTED = "accepted"  # planned, no agent chosen yet (waits unsequenced)
    QUEUED = "queued"  # has its place in a queue at the controller
    ASSIGNED = "assigned"  # durable at the agent
    PREPARING = "preparing"  # head of its queue: pack, environment, secrets
    STARTED = "started"  # the start record is durable
    SETTLED = "settled"  # has its outcome, for ever


class Outcome(StrEnum):
    """How a settled Execution ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    LOST = "lost"  # a start may have happened and its end is unknown: said, never guessed, never silently run again
    REJECTED = "rejected"


class Reason(StrEnum):
    """Why it ended so; a closed list."""

    EXIT_CODE = "exit_code"
    SIGNAL = "signal"
    NOT_EXECUTABLE = "not_executable"
    RESULT_INVALID = "result_invalid"
    RESULT_TOO_LARGE = "result_too_large"
    RESOURCE_LIMIT = "resource_limit"
    ENVIRONMENT_FAILED = "environment_failed"
    SECRET_MISSING = "secret_missing"  # noqa: S105 - the name of a reason
    PACK_MISMATCH = "pack_mismatch"
    START_UNKNOWN = "start_unknown"
    EXECUTOR_DIED = "executor_died"
    AGENT_FORGOTTEN = "agent_forgotten"
    OPERATOR = "operator"
    REMOVED = "removed"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"
    QUEUE_FULL = "queue_full"
    NO_AGENT = "no_agent"
    EXPIRED = "expired"
    POLICY_DENIED = "policy_denied"
    INPUT_INVALID = "input_invalid"  # an input filled from the event does not fit the parameters (decision 0004)


MOVES: Mapping[State, frozenset[State]] = {
    State.ACCEPTED: frozenset({State.QUEUED, State.SETTLED}),
    State.QUEUED: frozenset({State.ASSIGNED, State.SETTLED}),
    State.ASSIGNED: frozenset({State.PREPARING, State.STARTED, State.SETTLED}),
    # A retry with `place: keep` goes back from started to preparing under the next attempt number.
    State.PREPARING: frozenset({State.STARTED, State.SETTLED}),
    State.STARTED: frozenset({State.PREPARING, State.SETTLED}),
    State.SETTLED: frozenset(),
}


def may_move(before: State, after: State) -> bool:
    """Tell whether an Execution may go from one state to the other."""
    return after in MOVES[before]
