"""The document of /v1/history: steps of executions in the order of the controller's commits.

Served by the controller's resources/history, read by `attune verify order`.
"""

from pydantic import Field

from attune_core.states import Outcome, State
from attune_core.wire.api import Document, Page
from attune_core.wire.assignment import QueueName


class StepView(Document):
    """One step: a place taken, an attempt started, or the end. `n` grows; queue None: it has no agent yet."""

    n: int
    number: int
    execution: str
    event: int  # position
    queue: QueueName | None = None
    epoch: int
    sequence: int
    state: State
    attempt: int
    outcome: Outcome | None = None
    late: bool = False  # it is of a group of events, made when that ended, after what newer events gave


class HistoryPage(Page[StepView]):
    """One page, oldest first, and the limits that the active revision gives the actions on it."""

    limits: dict[str, int] = Field(default={})
