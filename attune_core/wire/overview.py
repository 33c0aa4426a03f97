"""The document of /v1/overview: all that a first screen needs, bounded, at a cost that does not grow with the history.

Shared by the controller's route, `attune top` and `attune dashboard`; times are RFC 3339 texts in UTC.
"""

from attune_core.wire.api import AgentView, Document, ExecutionView, SyncView
from attune_core.wire.queues import QueueSummary

#: Steps of a series, and seconds of each; the last one is under way.
STEPS, STEP = 60, 10


class OverviewView(Document):
    """What a controller is doing. Series have at most STEPS numbers, the oldest first."""

    now: str
    version: str
    started_at: str
    events_per_second: float  # over the last minute
    events: list[int]
    outcomes: dict[str, list[int]]  # outcome -> executions that ended so
    unsettled: int
    running: int
    events_waiting: int
    dead_letters: int
    queues: list[QueueSummary]  # the deepest first
    more_queues: int = 0
    agents: list[AgentView]
    more_agents: int = 0
    sync: SyncView
    alarms: list[str]
    failures: list[ExecutionView]  # the newest first, without inputs and results
