"""Every code that a Problem can have is in the table, and the table has no other."""

import re
from pathlib import Path

import attune_core
from attune_core.catalog.load import load
from attune_core.expressions.finding import Code
from attune_core.problem_codes import PROBLEM_CODES
from attune_core.problems import Severity
from tests.core.catalog.test_cases import CASES, NAMES, tree_of_case

PACKAGE = Path(attune_core.__file__).parent
#: The last one says what only a build can find.
SOURCES = [*(PACKAGE / "catalog").glob("*.py"), PACKAGE / "json_schema.py", PACKAGE.parent / "attune_cli" / "checking.py"]


def test_the_table_has_exactly_the_codes_that_are_used() -> None:
    used = {
        code
        for path in SOURCES
        for code in re.findall(r"ATT(?:1(?:[0-8][0-9]|9[4-9])|2(?:1[6-9]|2[0-9]))", path.read_text(encoding="utf-8"))
    }
    assert used | {code.value for code in Code} == set(PROBLEM_CODES)


def test_every_row_says_what_it_is_why_and_what_to_do() -> None:
    for code, row in PROBLEM_CODES.items():
        assert row.title, code
        assert row.cause.endswith("."), code
        assert row.remedy.endswith("."), code


def test_no_problem_of_a_case_is_worse_than_the_table_says() -> None:
    ranks = list(Severity)
    for name in NAMES:
        for problem in load(tree_of_case(CASES / name)).problems:
            assert ranks.index(problem.severity) >= ranks.index(PROBLEM_CODES[problem.code].severity), (name, problem)
