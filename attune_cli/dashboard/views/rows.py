"""Rows: one line for each execution, event, queue, agent and rule, and the columns that it has; the same on every screen.

Called by the overview, the lists and what is shown of one thing.
"""

from typing import TypeAlias

from attune_cli.dashboard.places import Kind, Thing
from attune_cli.dashboard.spans import Column, Span, Tone
from attune_cli.dashboard.words import age, count, gauge, span_of, state
from attune_core.moments import parse_rfc3339
from attune_core.wire.api import AgentView, EventView, ExecutionView, RuleView
from attune_core.wire.queues import QueuedExecution, QueueSummary

Row: TypeAlias = ExecutionView | EventView | QueueSummary | AgentView | RuleView | QueuedExecution

EXECUTIONS = (
    Column(title="number", width=8, right=True),
    Column(title="state", width=11),
    Column(title="action", width=16, grow=3),
    Column(title="agent", width=8, grow=1),
    Column(title="why", width=12, grow=4),
    Column(title="took", width=6, right=True, spare=1),
    Column(title="rule", width=16, grow=2, spare=2),
    Column(title="age", width=5, right=True),
)
EVENTS = (
    Column(title="position", width=9, right=True),
    Column(title="status", width=13),
    Column(title="type", width=16, grow=3),
    Column(title="source", width=12, grow=2),
    Column(title="fired", width=5, right=True),
    Column(title="subject", width=12, grow=2, spare=1),
    Column(title="age", width=5, right=True),
)
QUEUES = (
    Column(title="action", width=15, grow=3),
    Column(title="place", width=8, grow=1),
    Column(title="key", width=8, grow=1, spare=2),
    Column(title="waiting", width=7, right=True),
    Column(title="in hand", width=7, right=True, spare=3),
    Column(title="running", width=7, right=True),
    Column(title="oldest", width=6, right=True),
    Column(title="the first waits for", width=14, grow=4, spare=1),
)
AGENTS = (
    Column(title="agent", width=10, grow=1),
    Column(title="state", width=13),
    Column(title="slots", width=14),
    Column(title="in hand", width=7, right=True, spare=2),
    Column(title="waiting", width=7, right=True, spare=3),
    Column(title="marks", width=10, grow=1),
    Column(title="labels", width=10, grow=3, spare=1),
)
RULES = (
    Column(title="rule", width=22, grow=2),
    Column(title="", width=10),
    Column(title="trigger", width=16, grow=2),
    Column(title="action", width=16, grow=2),
    Column(title="where", width=20, grow=3, spare=1),
)
QUEUED = (
    Column(title="place", width=5, right=True),
    Column(title="number", width=8, right=True),
    Column(title="state", width=11),
    Column(title="attempt", width=7, right=True, spare=1),
    Column(title="agent", width=8, grow=1),
    Column(title="waits for", width=14, grow=4),
    Column(title="since", width=6, right=True),
)
COLUMNS: dict[Kind, tuple[Column, ...]] = {"execution": EXECUTIONS, "event": EVENTS, "queue": QUEUES, "agent": AGENTS, "rule": RULES}


def thing_of(one: Row) -> Thing:
    """Return what a row stands for."""
    match one:
        case ExecutionView() | QueuedExecution():
            return Thing(kind="execution", name=str(one.number))
        case EventView():
            return Thing(kind="event", name=str(one.position))
        case QueueSummary():
            return Thing(kind="queue", name=one.action, place=one.place, key=one.key)
        case AgentView():
            return Thing(kind="agent", name=one.name)
        case RuleView():
            return Thing(kind="rule", name=one.ref)


def cells_of(one: Row, now: float) -> tuple[Span, ...]:
    """Return a row's cells, one for each of its columns."""
    match one:
        case ExecutionView():
            return _execution(one, now)
        case QueuedExecution():
            return _queued(one, now)
        case EventView():
            return _event(one, now)
        case QueueSummary():
            return _queue(one, now)
        case AgentView():
            return _agent(one)
        case RuleView():
            return _rule(one)


def _execution(one: ExecutionView, now: float) -> tuple[Span, ...]:
    """Return an execution's cells."""
    word = one.outcome.value if one.outcome else one.state.value
    return (
        Span(str(one.number)),
        state(word),
        Span(one.action),
        Span(one.agent),
        Span(why(one), Tone.QUIET),
        Span(took(one, now), Tone.QUIET),
        Span(one.rule or "(by hand)", Tone.QUIET),
        Span(age(one.settled_at or one.started_at or one.accepted_at, now)),
    )


def why(one: ExecutionView) -> str:
    """Return what is to be said of how an execution stands, the most telling first."""
    said = [*one.conditions, one.waiting_for]
    if one.reason:
        code = f" {one.exit_code}" if one.exit_code else ""
        said = [f"{one.reason.value.replace('_', ' ')}{code}", one.detail, *said]
    return ", ".join(dict.fromkeys(filter(None, said)))


def took(one: ExecutionView, now: float) -> str:
    """Return how long it ran, or has run."""
    try:
        began = parse_rfc3339(one.started_at) if one.started_at else 0.0
        ended = parse_rfc3339(one.settled_at) if one.settled_at else now
    except ValueError:
        return "?"
    if not began:
        return ""
    return f"{ended - began:.1f} s" if 0 <= ended - began < 60 else span_of(ended - began)


def _event(one: EventView, now: float) -> tuple[Span, ...]:
    """Return an event's cells."""
    return (
        Span(str(one.position)),
        state(one.status),
        Span(one.type),
        Span(one.source, Tone.QUIET),
        Span(str(len(one.executions) or "")),
        Span(one.subject, Tone.QUIET),
        Span(age(one.received_at, now)),
    )


def _queue(one: QueueSummary, now: float) -> tuple[Span, ...]:
    """Return a queue's cells."""
    paused = [f"‖ paused: {pause.note}" for pause in one.paused]
    return (
        Span(one.action),
        Span("(fleet)" if one.place == "*" else one.place),
        Span("" if one.key == "null" else one.key),
        Span(count(one.waiting)),
        Span(count(one.in_hand)),
        Span(count(one.running), Tone.BUSY if one.running else Tone.QUIET),
        Span(age(one.oldest_at, now)),
        Span("; ".join([*paused, *filter(None, [one.waiting_for])]), Tone.ODD if paused else Tone.QUIET),
    )


def _agent(one: AgentView) -> tuple[Span, ...]:
    """Return an agent's cells."""
    marks = [f"‖ {mark.kind}" if mark.applied else f"… {mark.kind}" for mark in one.marks]
    host = ["‖ paused by its host"] if one.host_pause else []
    full = one.slots > 0 and one.busy >= one.slots
    return (
        Span(one.name),
        state(one.state),
        Span(f"{gauge(one.busy, one.slots, 8)} {one.busy}/{one.slots}", Tone.BUSY if full else Tone.PLAIN),
        Span(count(one.in_hand)),
        Span(count(one.waiting)),
        Span(" ".join([*marks, *host]), Tone.ODD),
        Span(" ".join(f"{name}={value}" for name, value in sorted(one.labels.items())), Tone.QUIET),
    )


def _rule(one: RuleView) -> tuple[Span, ...]:
    """Return a rule's cells."""
    return (
        Span(one.ref),
        Span("✓ enabled", Tone.QUIET) if one.enabled else Span("⊘ disabled", Tone.ODD),
        Span(one.trigger),
        Span(one.action),
        Span(f"{one.path}:{one.line}", Tone.QUIET),
    )


def _queued(one: QueuedExecution, now: float) -> tuple[Span, ...]:
    """Return the cells of one who stands in a queue."""
    return (
        Span(str(one.position or "-")),
        Span(str(one.number)),
        state(one.state),
        Span(str(one.attempt or "")),
        Span(one.agent),
        Span(", ".join(filter(None, [*one.conditions, one.waiting_for])), Tone.QUIET),
        Span(age(one.accepted_at, now)),
    )
