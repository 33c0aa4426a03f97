"""No module outgrows a reader: 400 lines at most, and each says its role in its first line."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path for package in ("attune_core", "attune_controller", "attune_agent", "attune_cli") for path in (ROOT / package).rglob("*.py")
)
#: Names that say nothing (design §1).
BANNED = {
    "manager",
    "helper",
    "helpers",
    "util",
    "utils",
    "common",
    "service",
    "handler",
    "handlers",
    "info",
    "data",
    "job",
    "task",
    "worker",
    "runner",
    "minion",
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_is_short_and_says_its_role(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400, "split it: two names tell the reader more than one"
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, "the first line of a module is its role in one sentence"
    assert docstring.split("\n", 1)[0].rstrip().endswith("."), docstring.split("\n", 1)[0]
    assert path.stem not in BANNED, "the glossary has a better name"


def test_the_median_module_stays_readable_in_one_sitting() -> None:
    sizes = sorted(path.read_text(encoding="utf-8").count("\n") for path in MODULES if path.name != "__init__.py")
    assert sizes[len(sizes) // 2] <= 150


def test_packages_re_export_nothing() -> None:
    for path in MODULES:
        if path.name == "__init__.py":
            body = ast.parse(path.read_text(encoding="utf-8")).body
            assert len(body) == 1, f"{path}: only a docstring"
