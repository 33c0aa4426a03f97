"""Dead letters: why an accepted event is kept and not planned; a closed list, and the only one.

Said by intake at the door, by planning, and by whoever restores a store; docs/errors.md has a heading for each reason.
"""

from dataclasses import dataclass
from enum import StrEnum


class DeadReason(StrEnum):
    """Why no rule was asked."""

    UNDECLARED = "undeclared"  # the active revision has no such trigger
    DATA_INVALID = "data_invalid"  # the data do not fit the trigger's schema
    TIME_AHEAD = "time_ahead"  # it says that it happened long after it came
    NOT_EMITTED = "not_emitted"  # a sensor sent what its document does not say that it emits
    NO_REVISION = "no_revision"  # no revision had ever been active
    NOT_RUNNABLE = "not_runnable"  # a manual run that the revision active at its turn cannot run
    HOP_LIMIT = "hop_limit"  # the chain of events and executions that led to it is too long
    QUARANTINED = "quarantined"  # the controller died whenever it planned it
    RESTORED = "restored"  # a backup held it without its plan: nobody knows whether it was planned in the time that was lost


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """The reason, and what exactly is wrong in words for people."""

    reason: DeadReason
    detail: str


#: An event caused by an execution caused by an event …: a chain longer than this is a loop.
HOP_LIMIT = 16
