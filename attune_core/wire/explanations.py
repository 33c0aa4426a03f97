"""The documents of /v1/explain, which `attune explain --json` prints: an answer in one sentence, what else holds, and the facts behind it.

Facts are gathered by the controller's `explaining`, answers are made of them by attune_core.explanations, and the command line shows both.
Times are RFC 3339 texts in UTC, empty when they are not known; values of events are JSON texts, shortened. Lists are bounded, and `more`
counts the rest.
"""

from enum import StrEnum
from typing import Literal, TypeAlias

from pydantic import Field

from attune_core.states import Outcome, Reason, State
from attune_core.wire.api import AgentView, Document, EventView, ExecutionView
from attune_core.wire.queues import QueuePause


class Cause(StrEnum):
    """What an answer says, for programs; a closed list."""

    # An execution that has ended, or runs.
    SETTLED = "settled"
    SECRET_MISSING = "secret_missing"  # noqa: S105 - the name of a cause
    QUEUE_FULL = "queue_full"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"
    RUNNING = "running"
    CANCELLING = "cancelling"
    OLDER_REVISION = "older_revision"
    EXPIRES = "expires"
    # What an execution waits for.
    NO_AGENT = "no_agent"
    AGENT_LOCKED = "agent_locked"
    AGENT_AWAY = "agent_away"
    HOST_PAUSED = "host_paused"
    PAUSED = "paused"
    QUEUE_PAUSED = "queue_paused"
    DRAINING = "draining"
    CORDONED = "cordoned"
    SLOT_TAKEN = "slot_taken"
    RETRY = "retry"
    RATE = "rate"
    REQUEUING = "requeuing"
    PREPARING = "preparing"
    NO_FREE_SLOT = "no_free_slot"
    WINDOW_FULL = "window_full"
    WAITING = "waiting"
    # What became of an event, and of each rule.
    NOT_PLANNED = "not_planned"
    DEAD_LETTER = "dead_letter"
    FIRED = "fired"
    REJECTED = "rejected"
    NO_MATCH = "no_match"
    CONDITION_FAILED = "condition_failed"
    THROTTLED = "throttled"
    WAITS = "waits"
    GATHERED = "gathered"
    LAPSED = "lapsed"
    ANSWERED = "answered"
    DISABLED = "disabled"
    NO_RULE = "no_rule"
    UNKNOWN = "unknown"
    # Why nothing is placed on an agent.
    NO_RULE_MATCHES = "no_rule_matches"
    NOTHING_HINDERS = "nothing_hinders"


class Remedy(Document):
    """What to do; `command` is what to type, empty where no command does it."""

    text: str
    command: str = ""


class Answer(Document):
    """One sentence, and what helps."""

    cause: Cause
    text: str
    remedies: tuple[Remedy, ...] = ()


class ChangeView(Document):
    """The last commit that touched a file."""

    commit: str
    author: str
    at: str
    subject: str


#: What a rule is in the active revision.
RuleStanding: TypeAlias = Literal["live", "disabled", "removed", "unknown"]


class RuleOrigin(Document):
    """Where a rule is declared, by the revision that fired it; `change` None: the mirror could not say."""

    ref: str
    path: str = ""
    line: int = 0
    standing: RuleStanding = "unknown"
    change: ChangeView | None = None


class RateView(Document):
    """So many starts in so many seconds, counted together by this key (as written)."""

    limit: int
    per: float
    key: str = ""
    scope: str = "agent"


class PolicyView(Document):
    """The policy of an action; seconds. `key` is the template as written, empty without one."""

    limit: int
    key: str = ""
    scope: str = "agent"
    when_busy: str = "queue"
    rate: RateView | None = None
    start_within: float | None = None
    timeout: float
    maximum_attempts: int = 1
    retry_after: tuple[Outcome, ...] = ()
    retry_place: str = "keep"
    initial_interval: float = 1.0
    backoff_coefficient: float = 2.0
    maximum_interval: float = 60.0


class PolicyChange(Document):
    """One part of a policy that is not what it was in the accepted revision."""

    name: str
    accepted: str
    active: str


class HolderView(Document):
    """An execution that stands before another one, or takes a slot; `since`: of its state, when that is known."""

    number: int
    id: str
    action: str
    agent: str
    state: State
    attempt: int
    since: str = ""
    detail: str = ""


class QueueView(Document):
    """A queue as it stands now; `ahead` counts unsettled executions before the one that is explained, of which `before` are the first.

    `waiting_for`, `until` and `head` (an execution's id) are what its agent said last of the first one that waits.
    """

    place: str
    action: str
    key: str
    depth: int
    ahead: int = 0
    before: tuple[HolderView, ...] = ()
    waiting_for: str = ""
    until: str = ""
    head: str = ""
    pauses: tuple[QueuePause, ...] = ()


class Misfit(Document):
    """The first label that keeps an agent from being chosen; `found` is empty when it does not have it."""

    agent: str
    label: str
    wanted: str
    found: str = ""


class PlacementView(Document):
    """What an execution without an agent asks for; `until` is when it is rejected, `holder` who has earlier work of its key."""

    match: dict[str, str] = Field(default_factory=dict)
    misfits: tuple[Misfit, ...] = ()
    more: int = 0
    cordoned: tuple[str, ...] = ()
    holder: str = ""
    until: str = ""


class ExecutionFacts(Document):
    """All that is known of why an execution stands where it does. `policy` None: the action is not in the active revision."""

    now: str
    execution: ExecutionView
    handed: bool = False  # offered to its agent
    ready_at: str = ""  # when its next attempt takes a place at the end of its queue (retry.place: tail)
    rate_until: str = ""  # when a rate that all agents share lets more go to its agent, while it is not handed over
    input_shown: bool = False  # a long input is left out of `execution`
    rule: RuleOrigin | None = None  # None: a manual run
    active_revision: str = ""
    environment: str = ""  # that the action declares
    policy: PolicyView | None = None
    policy_changes: tuple[PolicyChange, ...] = ()
    accepted_known: bool = False  # the accepted revision could be read, so that policy_changes are all there are
    queue: QueueView | None = None
    agent: AgentView | None = None
    locked: bool = False  # the agent is locked out, because two copies of it are alive
    under_way: tuple[HolderView, ...] = ()  # what takes the agent's slots, as far as it said
    placement: PlacementView | None = None


class ExecutionExplanation(Document):
    """`GET /v1/explain/execution/<number or id>`."""

    kind: Literal["execution"] = "execution"
    answer: Answer
    also: tuple[Answer, ...] = ()
    facts: ExecutionFacts


class FieldView(Document):
    """A field that a clause names; `value` is JSON, shortened, empty when it is not there."""

    source: str
    value: str = ""
    is_there: bool = True


class ClauseView(Document):
    """The first clause of a condition that does not hold: what it gave, or why it gave nothing."""

    source: str
    value: str = ""
    error: str = ""
    fields: tuple[FieldView, ...] = ()


class ThrottleView(Document):
    """What dropped a firing; `event` is the position of the one that was admitted, 0 when it is not known."""

    once_within: float
    key: str  # canonical JSON, shortened
    until: str
    event: int = 0


class GroupView(Document):
    """The group of events that a throttle lets or let wait; `ended_at` empty: it is open, and ends at `due_at` unless events move that.

    `events` are positions, the newest of `count`; `last` is the one that it stands for. `outcome`: fired, rejected, failed, or why not.
    """

    throttle: str
    key: str  # canonical JSON, shortened
    opened_at: str
    due_at: str = ""
    count: int
    at_least: int = 1
    at_most: int | None = None
    events: tuple[int, ...] = ()
    last: int
    ended_at: str = ""
    outcome: str = ""
    detail: str = ""
    by: int = 0  # the event that ended it; 0: time did


class ExecutionRef(Document):
    """An execution that a rule gave."""

    number: int
    id: str
    agent: str
    state: State
    outcome: Outcome | None = None
    reason: Reason | None = None
    detail: str = ""


class RuleVerdict(Document):
    """What became of one rule on an event's trigger, by the revision whose catalog was asked."""

    rule: str
    path: str
    line: int
    cause: Cause
    standing: RuleStanding = "unknown"
    executions: tuple[ExecutionRef, ...] = ()
    more_executions: int = 0
    detail: str = ""
    clause: ClauseView | None = None
    throttle: ThrottleView | None = None
    group: GroupView | None = None


class EventFacts(Document):
    """All that is known of what an event caused. `asked_revision` is the one whose rules are listed."""

    now: str
    event: EventView
    active_revision: str = ""
    asked_revision: str = ""
    rules: tuple[RuleVerdict, ...] = ()
    more: int = 0
    candidates: int = 0  # enabled rules on the trigger
    near: tuple[str, ...] = ()  # when there are none: triggers with rules, or declared ones, whose names are near
    manual: tuple[ExecutionRef, ...] = ()  # of a manual run


class EventExplanation(Document):
    """`GET /v1/explain/event/<position or id>`."""

    kind: Literal["event"] = "event"
    answer: Answer
    also: tuple[Answer, ...] = ()
    facts: EventFacts


class RuleFit(Document):
    """Whether a rule can be placed on an agent: `depends` on the event when a label is an expression."""

    rule: str
    fits: Literal["yes", "no", "depends"]
    misfit: Misfit | None = None


class AgentFacts(Document):
    """All that is known of why an agent gets work or does not; `rules` names those that fit first."""

    now: str
    agent: AgentView
    controller_version: str
    locked: bool = False  # it is locked out, because two copies of it are alive
    active_revision: str = ""
    rules: tuple[RuleFit, ...] = ()
    more_rules: int = 0
    fitting: int = 0
    depending: int = 0
    under_way: tuple[HolderView, ...] = ()
    queues: tuple[QueueView, ...] = ()
    more_queues: int = 0


class AgentExplanation(Document):
    """`GET /v1/explain/agent/<name>`."""

    kind: Literal["agent"] = "agent"
    answer: Answer
    also: tuple[Answer, ...] = ()
    facts: AgentFacts
