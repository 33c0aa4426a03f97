"""Every code that a Problem can have is in the table, and the table has no other."""

import re
from pathlib import Path

import attune_core
from attune_core.expressions.finding import Code
from attune_core.problem_codes import PROBLEM_CODES

PACKAGE = Path(attune_core.__file__).parent
SOURCES = [*(PACKAGE / "catalog").glob("*.py"), PACKAGE / "json_schema.py"]


def test_the_table_has_exactly_the_codes_that_are_used() -> None:
    used = {code for path in SOURCES for code in re.findall(r"ATT1[0-8][0-9]", path.read_text(encoding="utf-8"))}
    assert used | {code.value for code in Code} == set(PROBLEM_CODES)


def test_every_row_says_what_it_is_why_and_what_to_do() -> None:
    for code, row in PROBLEM_CODES.items():
        assert row.title, code
        assert row.cause.endswith("."), code
        assert row.remedy.endswith("."), code
