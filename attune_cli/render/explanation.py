"""An explanation for people: the answer in one sentence, what else holds, what to do, and the facts; or all of it as JSON.

Called by `attune explain`; each kind's facts are rows of `render/explained_*`. Everything from outside passes safe_text.
"""

from collections.abc import Sequence

from attune_cli.render.explained_agent import agent_rows
from attune_cli.render.explained_event import event_rows
from attune_cli.render.explained_execution import execution_rows
from attune_cli.render.output import show_fields, show_json, show_line, show_paragraph
from attune_core.wire.explanations import AgentExplanation, Answer, EventExplanation, ExecutionExplanation, Remedy


def show_explained(explained: EventExplanation | ExecutionExplanation | AgentExplanation, *, json: bool) -> None:
    """Print it."""
    if json:
        show_json(explained)
        return
    show_paragraph(explained.answer.text, style="bold")
    for one in explained.also:
        show_line("")
        show_paragraph(f"Also: {one.text}")
    _show_remedies([explained.answer, *explained.also])
    show_line("")
    show_fields(explained_rows(explained))


def explained_rows(explained: EventExplanation | ExecutionExplanation | AgentExplanation) -> list[tuple[str, str]]:
    """Return the facts as names and values, those that are not known left out."""
    return [(name, value) for name, value in _rows(explained) if value]


def _rows(explained: EventExplanation | ExecutionExplanation | AgentExplanation) -> list[tuple[str, str]]:
    match explained:
        case EventExplanation(facts=facts):
            return event_rows(facts)
        case ExecutionExplanation(facts=facts):
            return execution_rows(facts)
        case AgentExplanation(facts=facts):
            return agent_rows(facts)


def remedies_of(answers: Sequence[Answer]) -> list[Remedy]:
    """Return what helps, each thing once."""
    remedies: dict[tuple[str, str], Remedy] = {}
    for answer in answers:
        for one in answer.remedies:
            remedies.setdefault((one.text, one.command), one)
    return list(remedies.values())


def _show_remedies(answers: Sequence[Answer]) -> None:
    """Print what helps; a command stands on a line of its own, so that it can be copied."""
    remedies = remedies_of(answers)
    if not remedies:
        return
    show_line("")
    show_line("What to do:")
    for one in remedies:
        show_paragraph(f"- {one.text}{':' if one.command else ''}", below="  ")
        if one.command:
            show_line(f"    {one.command}")
