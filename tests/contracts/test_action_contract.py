"""docs/contract/action.md and its tests belong together: each numbered sentence has a test, and no test names a sentence that is not there.

The tests stand beside this one, in four modules like the page's four lists.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "contract" / "action.md"
MODULES = sorted(HERE.glob("test_action_contract_*.py"))


def sentences() -> list[str]:
    """Return the numbers on the page, in its order."""
    return re.findall(r"^- \*\*(A[0-9]+)\*\* ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def numbers_of(module: Path) -> Iterator[str]:
    """Yield the numbers that a module's tests carry, from its syntax: no program need be started for that."""
    for item in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.name.startswith("test_"):
            for mark in item.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func).rpartition(".")[2] == "sentence":
                    (number,) = mark.args
                    assert isinstance(number, ast.Constant)
                    yield str(number.value)


def test_the_sentences_are_numbered_without_gaps() -> None:
    assert sentences() == [f"A{number}" for number in range(1, len(sentences()) + 1)]


def test_each_sentence_has_a_test_and_no_test_names_another() -> None:
    found = Counter(number for module in MODULES for number in numbers_of(module))
    assert len(MODULES) == 5
    assert sorted(found) == sorted(sentences())


def test_every_test_of_the_contract_says_which_sentence_it_proves() -> None:
    for module in MODULES:
        for item in ast.parse(module.read_text(encoding="utf-8")).body:
            if isinstance(item, ast.FunctionDef) and item.name.startswith("test_"):
                assert any("sentence" in ast.unparse(mark) for mark in item.decorator_list), f"{module.name}: {item.name}"


def test_the_page_names_the_modules_that_prove_it() -> None:
    assert "`tests/contracts/test_action_contract*.py`" in PAGE.read_text(encoding="utf-8")
