"""Each example of a code is true: written into a clean repository it gives this code, and without it nothing."""

import pytest

from attune_core.catalog.load import load
from attune_core.problem_codes import PROBLEM_CODES
from attune_core.problem_examples import EXAMPLES
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder
from tests.core.catalog.test_cases import CASES


@pytest.mark.parametrize("code", EXAMPLES)
def test_what_stands_before_is_this_problem(code: str) -> None:
    example = EXAMPLES[code]
    assert code in PROBLEM_CODES
    files = tree_of_folder(CASES / "base").files
    (place,) = [path for path, content in files.items() if f"{example.after}\n".encode() in content]
    files[place] = files[place].replace(example.after.encode(), example.before.encode())
    found = load(MemoryTree(files)).problems
    assert code in {problem.code for problem in found if problem.path == place}
