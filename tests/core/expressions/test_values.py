"""What expressions evaluate to: the table in tests/cases/expressions/values.yaml."""

from pathlib import Path
from typing import TypedDict, cast

import pytest
import yaml

from attune_core.expressions.check import Scope, check
from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.types import DYN
from attune_core.values import JsonObject, JsonValue

_FILE = Path(__file__).parents[2] / "cases" / "expressions" / "values.yaml"


class _Case(TypedDict, total=False):
    source: str
    value: JsonValue
    error: str
    unchecked: str
    why: str


class _Table(TypedDict):
    activation: JsonObject
    groups: dict[str, list[_Case]]


_TABLE = cast("_Table", yaml.safe_load(_FILE.read_text("utf-8")))
_ACTIVATION = _TABLE["activation"]
_SCOPE = Scope(dict.fromkeys(_ACTIVATION, DYN))
_CASES = [pytest.param(case, id=f"{group}: {case['source']}") for group, cases in _TABLE["groups"].items() for case in cases]


@pytest.mark.parametrize("case", _CASES)
def test_an_expression_gives_its_value_or_its_error(case: _Case) -> None:
    checked = check(case["source"], _SCOPE, None)
    if "unchecked" in case:
        assert checked.program is None
        assert checked.findings[0].message.startswith(case["unchecked"])
        return
    assert checked.program is not None, checked.findings
    if "error" in case:
        with pytest.raises(ExpressionFailed) as raised:
            checked.program.evaluate(_ACTIVATION)
        assert raised.value.message.startswith(case["error"])
    else:
        value = checked.program.evaluate(_ACTIVATION)
        assert value == case["value"]
        assert type(value) is type(case["value"])


def test_every_row_says_exactly_one_outcome() -> None:
    for cases in _TABLE["groups"].values():
        for case in cases:
            assert len({"value", "error", "unchecked"} & set(case)) == 1, case
