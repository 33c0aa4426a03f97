"""What the checker says of mistakes, and where: the table in tests/cases/expressions/findings.yaml."""

from pathlib import Path
from typing import TypedDict, cast

import pytest
import yaml

from attune_core.expressions.check import Scope, check
from attune_core.expressions.finding import FINDING_CODES, Code
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.types import BOOL, DYN, SECRET, STRING, Map
from attune_core.values import JsonObject

_FILE = Path(__file__).parents[2] / "cases" / "expressions" / "findings.yaml"


class _Expected(TypedDict, total=False):
    code: str
    at: str
    last: bool
    severity: str
    message: str
    hint: str


class _Case(TypedDict, total=False):
    source: str
    findings: list[_Expected]


class _Table(TypedDict):
    schema: JsonObject
    cases: list[_Case]


_TABLE = cast("_Table", yaml.safe_load(_FILE.read_text("utf-8")))
_SCOPE = Scope({"event": type_of_schema(_TABLE["schema"]), "headers": Map(STRING), "any": DYN, "secrets": Map(SECRET)})


@pytest.mark.parametrize("case", [pytest.param(case, id=str(case["source"])) for case in _TABLE["cases"]])
def test_a_mistake_is_said_where_it_stands(case: _Case) -> None:
    source = str(case["source"])
    checked = check(source, _SCOPE, BOOL)
    expected = case.get("findings", [])
    assert [found.code for found in checked.findings] == [one["code"] for one in expected], checked.findings
    for found, wanted in zip(checked.findings, expected, strict=True):
        assert source[found.start : found.end] == wanted["at"]
        if wanted.get("last"):
            assert found.start == source.rindex(wanted["at"])
        assert found.severity == wanted.get("severity", "error")
        assert found.message == wanted.get("message", found.message)
        assert found.hint == wanted.get("hint", found.hint)
    assert (checked.program is None) == any(found.severity == "error" for found in checked.findings)


def test_every_code_is_documented_and_met_by_a_case() -> None:
    assert set(FINDING_CODES) == set(Code)
    met = {one["code"] for case in _TABLE["cases"] for one in case.get("findings", [])}
    #: Bounds and templates have tests of their own.
    assert {code.value for code in Code} - met == {Code.TOO_LARGE.value, Code.UNCLOSED.value, Code.NOT_TEXT.value}


def test_the_secrets_of_an_expression_are_collected() -> None:
    assert check("secrets.web_token", _SCOPE, None).secrets == {"web_token"}
    assert check('secrets["web_token"]', _SCOPE, SECRET).findings == ()
    assert check("event.type", _SCOPE, None).secrets == frozenset()


def test_a_place_that_takes_any_value_takes_no_secret() -> None:
    assert [found.code for found in check("secrets.a", _SCOPE, DYN).findings] == [Code.SECRET]
    assert [found.code for found in check("secrets", _SCOPE, None).findings] == [Code.SECRET]
    assert [found.code for found in check("event.type", _SCOPE, SECRET).findings] == [Code.SECRET]
    assert [found.code for found in check("any", _SCOPE, SECRET).findings] == [Code.SECRET]
