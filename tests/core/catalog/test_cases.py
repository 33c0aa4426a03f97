"""Each folder of tests/cases/validate is one mistake, or a near miss, laid over `base`: the rendered Problems are what it expects.

`repo/` holds the changed files, `without.txt` the removed ones. A bug report becomes a folder here.
"""

from pathlib import Path

import pytest

from attune_cli.pack_repository import SourceLines
from attune_cli.render.problems import render_problems, summary
from attune_core.catalog.load import load
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder

CASES = Path(__file__).resolve().parents[2] / "cases" / "validate"
NAMES = sorted(case.name for case in CASES.iterdir() if case.is_dir() and case.name != "base" and not (case / "expected.yaml").exists())


def tree_of_case(case: Path) -> MemoryTree:
    """Return the base with the case's files laid over it."""
    files = tree_of_folder(CASES / "base").files | tree_of_folder(case / "repo").files
    without = case / "without.txt"
    for path in without.read_text(encoding="utf-8").split() if without.exists() else ():
        del files[path]
    return MemoryTree(files)


def rendered(case: Path) -> str:
    """Return what `attune validate` prints for a case."""
    tree = tree_of_case(case)
    loaded = load(tree)
    return render_problems(loaded.problems, SourceLines(tree), colours=False) + summary(loaded.problems, files=loaded.documents) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_named_with_its_place_and_a_remedy(name: str) -> None:
    expected = (CASES / name / "expected.txt").read_text(encoding="utf-8")
    assert rendered(CASES / name) == expected
    assert name.startswith("fine-") == expected.endswith("no problems\n")


def test_the_base_of_all_cases_has_no_problem() -> None:
    loaded = load(tree_of_folder(CASES / "base"))
    assert not loaded.problems
    assert loaded.catalog is not None


def test_there_are_cases() -> None:
    assert len(NAMES) > 80
