"""`attune explain`: every code that a message can carry is explained, with the same words as docs/errors.md, at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from attune_cli.errors import NothingToExplain
from attune_cli.explanations import Kind, all_explanations, explanation_of
from attune_core.dead_letters import DeadReason
from attune_core.problem_codes import PROBLEM_CODES
from attune_core.states import Outcome, Reason
from docs.explanations import error_classes, explanations
from tests.cli.commands import attune


def test_every_code_outcome_and_reason_is_explained_once() -> None:
    names = [entry.name for entry in explanations()]
    assert len(names) == len(set(names))
    wanted = {*PROBLEM_CODES, *(kind.code for kind in error_classes()), *map(str, Outcome), *map(str, Reason), *map(str, DeadReason)}
    assert set(all_explanations()) == wanted


def test_a_problem_is_shown_with_cause_remedy_and_an_example(tmp_path: Path) -> None:
    done = attune("explain", "ATT203", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    row = PROBLEM_CODES["ATT203"]
    assert done.stdout == (
        f"ATT203 {row.title} (error)\n\n{row.cause}\n\nWhat to do: {row.remedy}\n\n"
        "Instead of:\n    unit: ${{ event.data.unti }}\n\nwrite:\n    unit: ${{ event.data.unit }}\n"
    ).replace("    unit", "      unit")


def test_an_error_says_who_acts_and_a_reason_why(tmp_path: Path) -> None:
    assert "Who acts: whoever runs the machine." in attune("explain", "att192", cwd=tmp_path).stdout
    assert attune("explain", "no-agent", cwd=tmp_path).stdout.startswith("no_agent (reason)\n")


@pytest.mark.parametrize("asked", ["ATT203", "att203", "203", " ATT203 "])
def test_a_code_is_found_as_people_type_it(asked: str) -> None:
    assert explanation_of(asked).name == "ATT203"


def test_json_has_the_same_content(tmp_path: Path) -> None:
    shown = json.loads(attune("explain", "ATT212", "--json", cwd=tmp_path).stdout)
    assert shown == explanation_of("ATT212").document()
    listed = json.loads(attune("explain", "--json", cwd=tmp_path).stdout)
    assert {entry["name"] for entry in listed} == set(all_explanations())


def test_without_a_code_all_are_listed(tmp_path: Path) -> None:
    lines = attune("explain", cwd=tmp_path).stdout.splitlines()
    assert len(lines) == len(all_explanations()) + 1
    assert any(line.split()[:2] == ["ATT182", "information"] for line in lines)


@pytest.mark.parametrize("asked", ["lsot", "no_agnet", "ATT2033"])
def test_a_slip_of_the_finger_is_answered_with_what_was_meant(asked: str) -> None:
    with pytest.raises(NothingToExplain) as refused:
        explanation_of(asked)
    assert refused.value.hint.startswith("did you mean")


def test_what_is_no_code_at_all_is_bad_use(tmp_path: Path) -> None:
    done = attune("explain", "\x1b[31mnothing like it", cwd=tmp_path)
    assert done.returncode == 2
    assert "ATT710" in done.stderr
    assert "`attune explain` lists all of them" in done.stderr
    assert "\x1b" not in done.stderr


def test_examples_are_in_the_table() -> None:
    assert sum(entry.before is not None for entry in all_explanations().values() if entry.kind is Kind.PROBLEM) >= 20


@pytest.mark.parametrize("words", [["explain", "ATT203"], ["explain", "--json"], ["schema", "explain", "action.retry"], ["schema", "rule"]])
def test_nothing_heavy_is_loaded_for_a_look_into_a_table(words: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "attune_cli.main", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    loaded = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "attune_cli.render.output" in loaded
    assert not loaded & {"pydantic", "yaml", "rich", "jsonschema_rs", "httpx2", "attune_core.catalog.load"}
