"""A repository made to hurt is refused by the real program: with a code and a place, within a second and 50 MiB, and it ends by itself."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from attune_core.catalog.load import load
from attune_core.rules.filling import fill
from attune_core.rules.matching import Occurrence
from attune_core.values import JsonObject, JsonValue, parse_json
from tests.core.catalog.hostile import ACTION, BASE, HOSTILE, RULE, changed
from tests.core.catalog.memory_tree import MemoryTree
from tests.forked import forked
from tests.measured import Measured, measured

#: Findings about names of files and about files as a whole have a path and no line.
WITHOUT_LINE = frozenset({"ATT103", "ATT117", "ATT140", "ATT165", "ATT172"})


def validated(place: Path, files: Mapping[str, bytes], *options: str, started: bool = False) -> Measured:
    """Run it in a fork of the loaded program, whose start is then no part of what is measured, or start it."""
    for path, content in files.items():
        target = place / "repository" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o755 if content.startswith(b"#!") else 0o644)
    environment = {"PATH": os.environ["PATH"], "HOME": str(place), "LANG": "C.UTF-8"}
    if started:
        argv = [sys.executable, "-m", "attune_cli", "validate", *options]
        return measured(argv, cwd=place / "repository", env=environment)
    return forked(["validate", *options], cwd=place / "repository", env=environment)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    found = validated(tmp_path_factory.mktemp("clean"), BASE, "--json")
    assert found.status == 0, found
    return found


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_a_problem_with_a_place_within_a_second_and_50_mib(name: str, clean: Measured, tmp_path: Path) -> None:
    hostile = HOSTILE[name]
    found = validated(tmp_path, {**BASE, **hostile.files}, "--json")
    assert (found.status, found.stderr) == (1, "")
    assert found.seconds - clean.seconds < 1
    assert found.peak - clean.peak < 50 << 20
    report = parse_json(found.stdout.encode())
    assert isinstance(report, dict)
    problems = report["problems"]
    assert isinstance(problems, list)
    first = problems[0]
    assert isinstance(first, dict)
    assert (first["code"], first["path"] in hostile.files) == (hostile.code, True)
    assert first["span"] is not None or hostile.code in WITHOUT_LINE
    assert len(found.stdout) < 300_000
    assert not (tmp_path / "repository" / "gone").exists()


@pytest.mark.parametrize("name", ["150,000 values", "a lock of one line of 8 MB", "10,000 terms", "500 unknown fields", "a billion laughs"])
def test_it_is_shown_to_people_as_well(name: str, clean: Measured, tmp_path: Path) -> None:
    found = validated(tmp_path, {**BASE, **HOSTILE[name].files})
    assert (found.status, found.stderr) == (1, "")
    assert found.seconds - clean.seconds < 1
    assert found.peak - clean.peak < 50 << 20
    assert len(found.stdout) < 200_000


@pytest.mark.parametrize("name", ["150,000 values", "a billion laughs", "2,000 terms"])
def test_the_program_when_it_is_started_says_and_costs_the_same(name: str, tmp_path: Path) -> None:
    files = {**BASE, **HOSTILE[name].files}
    clean = validated(tmp_path / "clean", BASE, started=True)
    found = validated(tmp_path / "started", files, started=True)
    fork = validated(tmp_path / "forked", files)
    assert (found.status, found.stdout, found.stderr) == (fork.status, fork.stdout, fork.stderr)
    assert found.seconds - clean.seconds < 1
    assert found.peak - clean.peak < 50 << 20


STAYS_DATA = ("$(touch gone); `id` | sh", "{{ 7 * 7 }}", "--rf /", "%s %(a)s {0.__class__}", "a' OR '1'='1", "a\n- b: c\x07")
ANY_UNIT = changed(ACTION, b', pattern: "^[a-z0-9@._-]+$"', b"", "").files


def unit_given(files: dict[str, bytes], unit: str) -> JsonValue:
    """Return what the action gets as `unit` of an event that says this unit."""
    catalog = load(MemoryTree(files)).catalog
    assert catalog is not None
    data: JsonObject = {"unit": unit, "severity": "high", "host": "a"}
    event = Occurrence(id="1", source="s", type="web.alert", subject="", time="2026-01-01T00:00:00Z", data=data)
    rule = catalog.rules["web.restart_on_alert"]
    return fill(rule, catalog.actions[rule.action], event.activation()).input["unit"]


@pytest.mark.parametrize("text", [*STAYS_DATA, "${{ secrets.web_token }}", "$${{ event.data.unit }}"])
def test_what_an_event_says_stays_data(text: str) -> None:
    assert unit_given({**BASE, **ANY_UNIT}, text) == text


@pytest.mark.parametrize("text", STAYS_DATA[:-1])
def test_what_a_rule_says_stays_data(text: str) -> None:
    written = changed(RULE, b"${{ event.data.unit }}", json.dumps(text).encode(), "").files
    assert unit_given({**BASE, **ANY_UNIT, **written}, "from the event") == text
