"""The repositories we ship validate clean, and their programs are ordinary programs."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import load
from attune_core.rules.filling import fill
from attune_core.rules.matching import Occurrence, match
from attune_core.shipped import shipped
from attune_core.values import JsonObject, parse_json


@pytest.mark.parametrize(
    "folder", [shipped("examples") / "deploy", shipped("examples") / "hooks", shipped("packs-template")], ids=lambda path: path.name
)
def test_a_shipped_repository_has_no_problem(folder: Path) -> None:
    loaded = load(FolderTree(folder))
    assert loaded.problems == ()
    assert loaded.catalog is not None


def push() -> JsonObject:
    payload = parse_json((shipped("examples") / "payloads" / "github_push.json").read_bytes())
    assert isinstance(payload, dict)
    return payload


def test_the_documented_push_event_makes_the_three_rules_of_the_example_match() -> None:
    catalog = load(FolderTree(shipped("examples") / "deploy")).catalog
    assert catalog is not None
    assert catalog.triggers["github.push"].validator.misfits(push()) == ()
    event = Occurrence(id="1", source="s", type="github.push", subject="", time="2026-11-23T00:00:00.000000Z", data=push()).activation()
    rules = catalog.rules_by_trigger["github.push"]
    assert len(rules) == 3
    for rule in rules:
        assert match(rule, event).matches
        assert fill(rule, catalog.actions[rule.action], event).match["role"] in ("web", "db")
    assert {"python", "node", None} == {catalog.actions[rule.action].document.environment for rule in rules}


@pytest.mark.parametrize("change", [{"ref": 5}, {"after": "x"}, {"repository": {}}, {"pusher": None}, {"commits": [{}]}])
def test_another_body_is_no_push_event(change: JsonObject) -> None:
    catalog = load(FolderTree(shipped("examples") / "deploy")).catalog
    assert catalog is not None
    assert not catalog.triggers["github.push"].validator.fits({**push(), **change})


@pytest.mark.parametrize(
    ("script", "given", "result"),
    [
        (
            shipped("examples") / "deploy/packs/deploy/actions/restart.sh",
            {"unit": "site", "revision": "a" * 40, "token": "t"},
            {"unit": "site", "revision": "a" * 40, "active": True, "authorised": True},
        ),
        (shipped("packs-template") / "packs/hello/actions/greet.sh", {"name": "octo cat"}, {"greeting": "hello octo cat"}),
    ],
    ids=["restart", "greet"],
)
def test_a_shell_action_needs_nothing_but_sh(tmp_path: Path, script: Path, given: JsonObject, result: JsonObject) -> None:
    environment = {"PATH": os.environ["PATH"], "ATTUNE_RESULT": str(tmp_path / "result")}
    for text in (json.dumps(given), json.dumps(given, indent=2)):
        subprocess.run(["sh", script.name], cwd=script.parent, env=environment, input=text.encode(), check=True, capture_output=True)
        assert json.loads((tmp_path / "result").read_text()) == result
