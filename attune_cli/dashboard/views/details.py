"""Details: one thing with all that is known of it, and the rows that belong to it; and why something is as it is.

Called by the screens of a thing and of an explanation; the facts are those that the commands print, in the same words.
"""

from collections.abc import Sequence
from textwrap import wrap

from attune_cli.dashboard.places import Thing
from attune_cli.dashboard.reading import Detail
from attune_cli.dashboard.sheets import Sheet, text_sheet
from attune_cli.dashboard.spans import Column, Line, Span, Tone, heading, line, row
from attune_cli.dashboard.views.rows import EXECUTIONS, QUEUED, Row, cells_of, thing_of
from attune_cli.dashboard.words import MARKS, age
from attune_cli.render.agent import marks_of
from attune_cli.render.execution import execution_fields
from attune_cli.render.explanation import explained_rows, remedies_of
from attune_cli.render.output import compact
from attune_cli.render.queue import queue_fields
from attune_core.safe_text import safe_text
from attune_core.wire.api import AgentView, EventView, ExecutionView, RuleView
from attune_core.wire.explanations import AgentExplanation, EventExplanation, ExecutionExplanation
from attune_core.wire.queues import QueueContent, QueuedExecution, QueueSummary

#: Lines of one value, a result for instance, that are shown; the rest is what the commands are for.
MOST_LINES = 200
Fields = Sequence[tuple[str, str]]


def detail_sheet(detail: Detail, width: int, now: float) -> Sheet:
    """Return a thing's fields, and below them its rows, which can be chosen."""
    lines = fields_as_lines(_fields(detail.document, now), width)
    things: dict[int, Thing] = {}
    title, columns = _belonging(detail.document)
    if title:
        lines += [(), line(title, Tone.STRONG)]
        if detail.rows:
            lines.append(heading(columns, width - 2))
        for one in detail.rows:
            things[len(lines)] = thing_of(one)
            lines.append(row(columns, cells_of(one, now), width - 2))
        rest = "  … and more: filter their list" if detail.more else "" if detail.rows else "  none"
        lines += [line(rest, Tone.QUIET)] if rest else []
    return text_sheet(lines, things)


def first_row(sheet: Sheet) -> int:
    """Return the first line that can be chosen, 0 when there is none."""
    return next((number for number in range(sheet.size) if sheet.thing(number)), 0)


def why_sheet(explained: EventExplanation | ExecutionExplanation | AgentExplanation, width: int) -> Sheet:
    """Return an explanation: the answer, what else holds, what helps, and the facts."""
    lines: list[Line] = [line(text, Tone.STRONG) for text in _wrapped(explained.answer.text, width - 2)]
    for one in explained.also:
        lines += [(), *(line(text) for text in _wrapped(f"Also: {one.text}", width - 2))]
    if remedies := remedies_of([explained.answer, *explained.also]):
        lines += [(), line("What to do", Tone.QUIET)]
    for remedy in remedies:
        lines += [line(text) for text in _wrapped(f"- {remedy.text}{':' if remedy.command else ''}", width - 2)]
        lines += [line(f"    {remedy.command}", Tone.BUSY)] if remedy.command else []
    return text_sheet([*lines, (), *fields_as_lines(explained_rows(explained), width)])


def fields_as_lines(fields: Fields, width: int) -> list[Line]:
    """Return names and values, one a line; a value may have several lines."""
    room = max((len(name) for name, value in fields if value), default=0)
    lines: list[Line] = []
    for name, value in fields:
        tone = MARKS[value][1] if value in MARKS else Tone.PLAIN
        texts = [text for part in safe_text(value, keep_newlines=True).split("\n") for text in _wrapped(part, width - room - 4)]
        shown = texts[:MOST_LINES] + ([f"… {len(texts) - MOST_LINES:,} more lines"] if len(texts) > MOST_LINES else [])
        for number, text in enumerate(shown if value else []):
            lines.append((Span(f"{name if number == 0 else '':<{room}}  ", Tone.QUIET), Span(text, tone)))
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    deeper = " " * (len(text) - len(text.lstrip()))
    return wrap(text, max(width, 20), subsequent_indent=deeper, drop_whitespace=False, replace_whitespace=False) or [""]


def _fields(document: Row | QueueContent, now: float) -> Fields:
    match document:
        case ExecutionView():
            return [(name, _with_age(name, value, now)) for name, value in execution_fields(document)]
        case EventView():
            return _event(document, now)
        case AgentView():
            return _agent(document, now)
        case RuleView():
            return _rule(document)
        case QueueContent():
            return queue_fields(document, now)
        case QueueSummary() | QueuedExecution():
            return []


def _with_age(name: str, value: str, now: float) -> str:
    if name not in ("accepted", "started", "settled", "received", "enrolled", "last seen") or not value:
        return value
    return f"{value[:19].replace('T', ' ')} UTC, {age(value, now)} ago"


def _event(event: EventView, now: float) -> Fields:
    return [
        ("position", str(event.position)),
        ("type", event.type),
        ("status", event.status),
        ("reason", event.reason),
        ("source", event.source),
        ("subject", event.subject),
        ("id", event.id),
        ("received", _with_age("received", event.received_at, now)),
        ("revision", event.revision),
        ("data", "" if event.data is None else compact(event.data)),
    ]


def _agent(agent: AgentView, now: float) -> Fields:
    return [
        ("agent", agent.name),
        ("state", agent.state),
        ("marks", "\n".join(marks_of(agent))),
        ("slots", f"{agent.busy} of {agent.slots} taken"),
        ("work", f"{agent.in_hand:,} in hand, {agent.waiting:,} not handed over"),
        ("labels", ", ".join(f"{name}={value}" for name, value in sorted(agent.labels.items()))),
        ("facts", ", ".join(f"{name}={value}" for name, value in sorted(agent.facts.items()))),
        ("sensors", "\n".join(f"{name}: {how}" for name, how in sorted(agent.sensors.items()))),
        ("version", agent.version),
        ("enrolled", _with_age("enrolled", agent.enrolled_at, now)),
        # Of one that is connected it is up to a minute old, and says less than its state.
        ("last seen", "" if agent.state == "connected" else _with_age("last seen", agent.last_seen_at, now)),
    ]


def _rule(rule: RuleView) -> Fields:
    return [
        ("rule", rule.ref),
        ("what for", rule.description),
        ("enabled", "yes" if rule.enabled else "no"),
        ("trigger", rule.trigger),
        ("when", rule.when),
        ("action", rule.action),
        ("agents", "" if rule.agents is None else compact(rule.agents)),
        ("where", f"{rule.path}:{rule.line}"),
    ]


def _belonging(document: Row | QueueContent) -> tuple[str, tuple[Column, ...]]:
    match document:
        case QueueContent():
            return "who stands in it", QUEUED
        case EventView() | AgentView() | RuleView():
            return "executions, the newest first", EXECUTIONS
        case _:
            return "", ()
