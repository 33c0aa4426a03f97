"""The documents of the /v1 API, shared by the controller's routes and the command line.

Times are RFC 3339 texts in UTC. Lists are pages: `items` and `next`, the cursor for `?after=`.
"""

from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from attune_core.dead_letters import DeadReason
from attune_core.marks import NOTE_LIMIT
from attune_core.names import AgentName, Reference
from attune_core.states import Outcome, Reason, State


class Document(BaseModel):
    """What all documents share."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Scope(StrEnum):
    """What an API token may do; admin implies all others, operate implies read."""

    EVENTS_SEND = "events:send"
    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"


Item = TypeVar("Item", bound=Document)


class Page(Document, Generic[Item]):
    """One page of a list; `next` is empty on the last one."""

    items: list[Item]
    next: str = ""


class Failure(Document):
    """RFC 9457 problem details with the project's code and remedy."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    remedy: str = ""
    #: `urn:attune:request:<id>`, as the controller's log and the header X-Request-Id name it.
    instance: str = ""


class EventView(Document):
    """One event as stored. status: accepted | planned | dead_letter | dropped."""

    position: int
    id: str
    source: str
    type: str
    subject: str
    time: str
    received_at: str
    status: str
    reason: str = ""
    dead_reason: DeadReason | None = None  # of a dead letter, also of one that was dropped
    revision: str = ""
    executions: list[str] = []
    hops: int = 0
    data: JsonValue = None


class ExecutionView(Document):
    """One execution with its place in the order."""

    id: str
    number: int
    action: str
    rule: str
    event: int  # position
    agent: str
    queue_key: str
    epoch: int
    sequence: int
    revision: str
    state: State
    rerun_of: int = 0  # the number of the execution that this one repeats; both are known as long as the event is kept
    reruns: list[int] = []  # the numbers of those that repeat it, the newest first
    conditions: list[str] = []  # unreachable, held, cancelling, kill_failed
    outcome: Outcome | None = None
    reason: Reason | None = None
    detail: str = ""
    exit_code: int | None = None
    attempt: int = 0
    waiting_for: str = ""  # why it has not started, when that is known
    input: dict[str, JsonValue] = {}
    secrets: dict[str, str] = {}
    result: JsonValue = None
    accepted_at: str
    started_at: str = ""
    settled_at: str = ""


class MarkRequest(Document):
    """Say something of an agent, and why."""

    note: str = Field(default="", max_length=NOTE_LIMIT)


class PauseRequest(Document):
    """Pause or forget an agent; somebody will ask why."""

    note: str = Field(min_length=1, max_length=NOTE_LIMIT)


class MarkView(Document):
    """What an operator said of an agent. kind: cordoned | paused | draining | drained (nothing is left in hand)."""

    kind: str
    note: str
    by: str
    since: str
    #: Whether it holds now; a pause that the agent does not know of yet does not.
    applied: bool


class AgentView(Document):
    """One enrolled agent. state: connected | unreachable."""

    name: str
    labels: dict[str, str]
    state: str
    version: str = ""
    slots: int = 0
    busy: int = 0
    facts: dict[str, str] = {}
    marks: list[MarkView] = []
    host_pause: str = ""  # why its own host lets it start nothing
    sensors: dict[str, str] = {}  # sensor -> how it is there, in the words of /v1/sensors
    in_hand: int = 0  # executions handed over and not settled
    waiting: int = 0  # executions that stand in its queues and are not handed over
    enrolled_at: str
    last_seen_at: str = ""
    certificate_expires_at: str = ""


class ForgottenView(Document):
    """What became of an agent's unsettled executions when it was forgotten."""

    name: str
    ended: int  # lost, because it was handed them; rejected, because they were for it alone
    released: int  # placed again, or waiting for an agent


class RuleView(Document):
    """One rule of the active revision."""

    ref: str
    trigger: str
    action: str
    when: str = ""
    agents: JsonValue = None
    enabled: bool = True
    description: str = ""
    path: str
    line: int


class ProblemView(Document):
    """A problem of a refused revision, as `attune validate --json` prints it."""

    code: str
    severity: str
    message: str
    path: str
    line: int = 0
    column: int = 0
    hint: str = ""


class SyncView(Document):
    """Where reconcile stands. step is the one that failed, empty when all went well."""

    repository: str
    branch: str
    active_revision: str = ""
    activated_at: str = ""
    observed_revision: str = ""
    observed_at: str = ""
    step: str = ""
    code: str = ""
    message: str = ""
    problems: list[ProblemView] = []


class BoundView(Document):
    """A queue or buffer of the controller: what is in it, and what it holds at most."""

    name: str
    depth: int
    limit: int


class StatusView(Document):
    """`attune controller status`."""

    version: str
    incarnation: str
    sync: SyncView
    agents_connected: int
    agents_enrolled: int
    events_waiting: int
    dead_letters: int = 0
    executions_unsettled: int
    started_at: str
    #: What a person must see to, because it keeps new work out.
    alarms: list[str] = []
    bounds: list[BoundView] = []


class ManualRun(Document):
    """A request to run one action; becomes an event like any other."""

    action: Reference
    input: dict[str, JsonValue] = {}
    secrets: dict[str, str] = {}
    match: dict[str, str] = {}
    pick: str = Field(default="any", pattern="^(any|all)$")


class Accepted(Document):
    """Answer to an accepted event: durable from now on."""

    id: str
    source: str
    position: int
    duplicate: bool = False
    #: Not empty: it was stored, but only as a dead letter, for this reason.
    dead_letter: str = ""
    dead_reason: DeadReason | None = None


class LogView(Document):
    """A window of a log; see frames.LogWindow."""

    offset: int
    content: str  # base64
    total: int
    gap: int = 0
    ended: bool
    #: No such log: nothing was written yet or, when it has ended, ever; or it was removed to make room.
    missing: bool = False
    attempt: int = 0


#: Name or value of a label.
LabelText = Annotated[str, StringConstraints(min_length=1, max_length=253)]
#: Name of an API token.
TokenName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$")]


class JoinTokenRequest(Document):
    """Ask for a join token; ttl in seconds, at most 900."""

    name: AgentName
    labels: dict[LabelText, LabelText] = Field(default={}, max_length=64)
    ttl: int = Field(default=900, ge=1, le=900)


class JoinTokenView(Document):
    """The token is shown once."""

    token: str
    name: str
    expires_at: str


class TokenRequest(Document):
    """Ask for an API token; the scopes are texts of Scope."""

    name: TokenName
    scopes: list[str] = Field(max_length=16)


class TokenView(Document):
    """An API token; the value is shown once, at creation."""

    name: str
    scopes: list[str]
    created_at: str
    token: str = ""
