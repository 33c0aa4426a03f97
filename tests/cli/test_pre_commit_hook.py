"""The hook for pre-commit: its definition is complete, its pattern meets documents and nothing else, its entry checks the repository."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from attune_core.shipped import shipped
from attune_core.values import JsonValue
from tests.cli.workflow import ROOT, mapping
from tests.cli.working_copy import WorkingCopy


@pytest.fixture
def hook() -> dict[str, JsonValue]:
    hooks: JsonValue = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert isinstance(hooks, list)
    (only,) = hooks
    return mapping(only)


def test_it_has_what_pre_commit_asks_for(hook: dict[str, JsonValue]) -> None:
    assert hook["id"] == "attune-validate"
    assert hook["language"] == "python"
    assert hook["pass_filenames"] is False
    assert isinstance(hook["name"], str)


def test_it_runs_for_documents_and_what_stands_beside_them(hook: dict[str, JsonValue]) -> None:
    pattern = re.compile(str(hook["files"]))
    template = shipped("packs-template")
    documents = [path.relative_to(template).as_posix() for path in template.rglob("*.yaml")]
    assert documents
    for path in [*documents, "packs/web/requirements.lock", "rules/a.yaml", "tests/a.yaml"]:
        assert pattern.search(path), path
    for path in ("README.md", ".github/workflows/validate.yml", "docs/packs/a.yaml", "attune.yaml.md"):
        assert not pattern.search(path), path


def test_its_entry_checks_the_repository_that_is_committed_to(hook: dict[str, JsonValue], tmp_path: Path) -> None:
    program, *words = shlex.split(str(hook["entry"]))
    command = [str(Path(sys.executable).with_name(program)), *words]
    copy = WorkingCopy(tmp_path / "repository")
    assert subprocess.run(command, cwd=copy.root, check=False, capture_output=True).returncode == 0
    copy.spoil_rule()
    assert subprocess.run(command, cwd=copy.root, check=False, capture_output=True).returncode == 1
