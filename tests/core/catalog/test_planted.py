"""Mistakes planted in copies of the example repository, written before the checks that find them, and near misses that are right.

Each folder planted-* or near-* of tests/cases/validate is laid over examples/deploy: `repo/` holds the changed files, `without.txt` the
removed ones, `base/` those of a base to compare with, `expected.yaml` every Problem with its place. The cases are
frozen by their digest: a case that proves wrong is changed together with planted.sha256, and the commit says why.
"""

import hashlib
from pathlib import Path
from typing import TypedDict, cast

import pytest
import yaml

from attune_core.catalog.catalog import Catalog
from attune_core.catalog.check_versions import check_versions
from attune_core.catalog.load import load
from attune_core.problems import Problem
from attune_core.shipped import shipped
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder

CASES = Path(__file__).resolve().parents[2] / "cases" / "validate"
NAMES = sorted(found.parent.name for found in CASES.glob("*/expected.yaml"))
#: Without its rule tests, which say the same mistake a second time where they speak of what it breaks.
EXAMPLE = {path: raw for path, raw in tree_of_folder(shipped("examples") / "deploy").files.items() if "/tests/" not in path}


class _Expected(TypedDict):
    code: str
    severity: str
    path: str
    line: int
    column: int


def _row(code: str, severity: str, path: str, line: int, column: int) -> str:
    return f"{path}:{line}:{column}: {severity} {code}"


def expected(case: Path) -> list[str]:
    """Return what the case promises, one line a Problem."""
    rows = cast("list[_Expected]", yaml.safe_load((case / "expected.yaml").read_text(encoding="utf-8")))
    return sorted(_row(**row) for row in rows)


def against_base(head: Catalog | None, changed: Path) -> tuple[Problem, ...]:
    """Return what is said of a revision beside its base."""
    base = load(MemoryTree(EXAMPLE | tree_of_folder(changed).files)).catalog
    assert head is not None
    assert base is not None
    return check_versions(head, base)


def found(case: Path) -> list[str]:
    """Return what is said of the case, one line a Problem."""
    files = EXAMPLE | tree_of_folder(case / "repo").files
    without = case / "without.txt"
    for path in without.read_text(encoding="utf-8").split() if without.exists() else ():
        del files[path]
    loaded = load(MemoryTree(files))
    problems = loaded.problems + (against_base(loaded.catalog, case / "base") if (case / "base").exists() else ())
    return sorted(
        _row(one.code, one.severity, one.path, one.span.line if one.span else 0, one.span.column if one.span else 0) for one in problems
    )


@pytest.mark.parametrize("name", NAMES)
def test_exactly_the_planted_mistake_is_found_at_its_place_and_a_near_miss_is_left_alone(name: str) -> None:
    assert found(CASES / name) == expected(CASES / name)


def test_there_are_sixty_mistakes_and_twenty_near_misses() -> None:
    planted = [name for name in NAMES if name.startswith("planted-")]
    near = [name for name in NAMES if name.startswith("near-")]
    assert len(planted) >= 60
    assert len(near) >= 20
    assert len(planted) + len(near) == len(NAMES)
    assert all(expected(CASES / name) for name in planted)
    assert not any(expected(CASES / name) for name in near)


def digest() -> str:
    """Return one digest over every file of every case."""
    total = hashlib.sha256()
    files = (path for name in NAMES for path in (CASES / name).rglob("*") if path.is_file())
    for path in sorted(files):
        total.update(f"{path.relative_to(CASES).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def test_the_cases_are_those_that_were_frozen() -> None:
    assert digest() == (CASES / "planted.sha256").read_text(encoding="utf-8").strip()
