"""What `attune explain` says of planted situations: each folder of tests/cases/explain has the facts, the words and the JSON.

Events go through the rules of the repository beside them, so that verdicts are made and not given.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, JsonValue
from typer._click.core import Context
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from attune_cli.asking import Explained
from attune_cli.main import app
from attune_cli.render.explanation import show_explained
from attune_core.catalog.catalog import Catalog, Rule
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import load
from attune_core.explanations.agent import explain_agent
from attune_core.explanations.event import explain_event
from attune_core.explanations.execution import explain_execution
from attune_core.explanations.verdicts import Planned, near_triggers, verdicts_of
from attune_core.wire.api import EventView
from attune_core.wire.explanations import AgentFacts, Cause, EventFacts, ExecutionExplanation, ExecutionFacts, ExecutionRef, GroupView

CASES = Path(__file__).resolve().parents[1] / "cases" / "explain"
NAMES = sorted(place.parent.name for place in CASES.glob("*/case.json"))
NOW = "2026-01-31T12:00:00.000000Z"
PLANNED, LIVE = "a" * 40, "c" * 40
#: What is asked for at night: none of these may go.
PLANTED = {
    "agent-away", "slot-taken", "rate", "retry-back-off", "environment-building", "paused", "no-agent", "secret-missing",
    "first-false-clause", "throttled", "removed-rule", "older-revision", "queue-full",
    "waits", "gathered", "fired-together", "lapsed", "answered",
}  # fmt: skip


class EventCase(BaseModel):
    """An event, and what is stored of it; `removed` are rules that are not live any more, `taken_by` had a throttled rule's place.

    `groups` are those that it waits or waited in, by rule, `answered` those that it ended.
    """

    model_config = ConfigDict(extra="ignore")

    event: EventView
    data: JsonValue
    executions: dict[str, list[ExecutionRef]] = {}
    removed: list[str] = []
    taken_by: int = 0
    groups: dict[str, GroupView] = {}
    answered: dict[str, GroupView] = {}


@cache
def catalog() -> Catalog:
    loaded = load(FolderTree(CASES / "repository"), PLANNED)
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


def explained(name: str) -> Explained:
    case = json.loads((CASES / name / "case.json").read_text(encoding="utf-8"))
    match case["kind"]:
        case "execution":
            return explain_execution(ExecutionFacts.model_validate(case["facts"]))
        case "agent":
            return explain_agent(AgentFacts.model_validate(case["facts"]))
        case _:
            return explain_event(event_facts(EventCase.model_validate(case)))


def event_facts(case: EventCase) -> EventFacts:
    event, of_then = case.event, catalog()
    live = replace(of_then, revision=LIVE, rules=without(of_then.rules, case.removed)) if case.removed else of_then
    facts = EventFacts(now=NOW, event=event, active_revision=live.revision or "", asked_revision=PLANNED)
    if event.status != "planned":
        return facts.model_copy(update={"near": near_triggers(event.type, of_then)})
    seen: dict[str, JsonValue] = {name: getattr(event, name) for name in ("id", "source", "type", "subject", "time")}
    planned = Planned(
        type=event.type,
        activation={"event": {**seen, "data": case.data}},
        note=event.reason,
        executions=case.executions,
        groups=case.groups,
        answered=case.answered,
        position=event.position,
    )
    found = verdicts_of(planned, of_then, own=True, live=live)
    rules = [
        one.model_copy(update={"throttle": one.throttle.model_copy(update={"event": case.taken_by})}) if one.throttle else one
        for one in found.rules
    ]
    near = () if found.candidates else near_triggers(event.type, of_then)
    return facts.model_copy(update={"rules": tuple(rules), "more": found.more, "candidates": found.candidates, "near": near})


def without(named: Mapping[str, Rule], removed: Sequence[str]) -> Mapping[str, Rule]:
    return {name: one for name, one in named.items() if name not in removed}


def test_every_planted_situation_is_there() -> None:
    assert set(NAMES) >= PLANTED


@pytest.mark.parametrize("name", NAMES)
def test_a_situation_is_explained_in_these_words(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_explained(explained(name), json=False)
    assert capsys.readouterr().out == (CASES / name / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_situation_is_explained_by_this_document(name: str) -> None:
    """What is as usual is left out, so that a new field changes no case."""
    expected = json.loads((CASES / name / "expected.json").read_text(encoding="utf-8"))
    assert explained(name).model_dump(mode="json", exclude_defaults=True) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_narrow_terminal_shows_all_of_it_and_whole_commands(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attune_cli.render.output.width_of", lambda _stream: 40)
    found = explained(name)
    show_explained(found, json=False)
    lines = capsys.readouterr().out.splitlines()
    commands = {f"    {remedy.command}" for answer in (found.answer, *found.also) for remedy in answer.remedies if remedy.command}
    assert commands <= set(lines)
    for line in lines:
        assert len(line) <= 40 or line in commands or len(line.split()[-1]) > 20, line
    assert "".join(found.answer.text.split()) in "".join("".join(lines).split())


@pytest.mark.parametrize("name", NAMES)
def test_a_command_that_helps_can_be_typed_as_it_stands(name: str) -> None:
    """Parsed by the command line itself: a word that is not there, or one that is missing, is a mistake."""
    found = explained(name)
    for remedy in (remedy for answer in (found.answer, *found.also) for remedy in answer.remedies if remedy.command):
        command, (program, *words) = get_command(app), shlex.split(remedy.command)
        while isinstance(command, TyperGroup):
            inner = command.get_command(Context(command), words[0])
            assert isinstance(inner, TyperCommand | TyperGroup), remedy.command
            command, words = inner, words[1:]
        command.make_context(program, words)


def test_json_is_the_whole_document(capsys: pytest.CaptureFixture[str]) -> None:
    show_explained(explained("slot-taken"), json=True)
    shown = json.loads(capsys.readouterr().out)
    assert shown["answer"]["cause"] == "slot_taken"
    assert shown["kind"] == "execution"
    assert ExecutionExplanation.model_validate(shown) == explained("slot-taken")


def test_every_answer_is_one_line_and_every_cause_of_a_case_is_known() -> None:
    for name in NAMES:
        for answer in (explained(name).answer, *explained(name).also):
            assert "\n" not in answer.text, name
            assert answer.cause in Cause, name
