"""The documents of /v1/sensors, shared by the controller's routes and the command line.

Times are RFC 3339 texts in UTC, empty where there is none.
"""

from pydantic import Field

from attune_core.wire.api import Document


class SensorOnAgent(Document):
    """A sensor on one agent. state: what the agent says of it, or leaving, unreachable, or silent when it has said nothing yet."""

    agent: str
    state: str
    since: str = ""
    events: int = 0
    errors: int = 0
    restarts: int = 0
    last_error: str = ""
    #: The present or last process; its stderr is its log.
    run: str = ""
    #: Since when it fails, if that was said in an event.
    failing_since: str = ""


class SensorView(Document):
    """A sensor of the active revision, where it runs, and why it does not if it does not."""

    ref: str
    description: str
    mode: str
    every: str = ""
    run_on: str
    failover: str = ""
    match: dict[str, str] = Field(default_factory=dict)
    emits: list[str]
    always: bool = False
    #: Whether an enabled rule awaits an event of it, or it always runs.
    needed: bool
    why: str = ""
    agents: list[SensorOnAgent] = Field(default_factory=list)
