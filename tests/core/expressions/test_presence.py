"""Optional fields that are read without a test: the table in tests/cases/expressions/presence.yaml, and what the hints say works."""

from pathlib import Path
from typing import TypedDict, cast

import pytest
import yaml

from attune_core.expressions.check import Scope, check
from attune_core.expressions.finding import Code
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.types import BOOL
from attune_core.problems import Severity
from attune_core.values import JsonObject

_FILE = Path(__file__).parents[2] / "cases" / "expressions" / "presence.yaml"


class _Expected(TypedDict, total=False):
    at: str
    last: bool
    message: str
    hint: str


class _Case(TypedDict, total=False):
    source: str
    missing: list[_Expected]


class _Table(TypedDict):
    schema: JsonObject
    cases: list[_Case]


_TABLE = cast("_Table", yaml.safe_load(_FILE.read_text("utf-8")))
_SCOPE = Scope({"event": type_of_schema(_TABLE["schema"])})


@pytest.mark.parametrize("case", [pytest.param(case, id=str(case["source"])) for case in _TABLE["cases"]])
def test_a_field_that_may_be_missing_is_said_once_where_it_is_read(case: _Case) -> None:
    source = str(case["source"])
    checked = check(source, _SCOPE, None)
    expected = case.get("missing", [])
    assert [found.code for found in checked.findings] == [Code.MAY_BE_MISSING] * len(expected), checked.findings
    for found, wanted in zip(checked.findings, expected, strict=True):
        assert source[found.start : found.end] == wanted["at"]
        assert found.start == (source.rindex(wanted["at"]) if wanted.get("last") else source.index(wanted["at"]))
        assert found.severity is Severity.WARNING
        assert found.message == wanted.get("message", found.message)
        assert found.hint == wanted.get("hint", found.hint)
    assert checked.program is not None


def test_a_long_chain_of_tests_is_followed_in_good_time() -> None:
    schema: JsonObject = {"properties": {f"f{n}": {"type": "integer"} for n in range(400)}}
    terms = [f"has(v.f{n})" for n in range(200)] + [f"v.f{n} == 1" for n in range(200)]
    assert check(" && ".join(terms), Scope({"v": type_of_schema(schema)}), None).findings == ()


@pytest.mark.parametrize(
    ("schema", "source"),
    [
        ({"properties": {"a": {}}, "allOf": [{"required": ["a"]}]}, "v.a"),
        ({"required": ["a"], "allOf": [{"properties": {"a": {}}}]}, "v.a"),
        ({"allOf": [{"required": ["a"]}, {"properties": {"a": {}}}]}, "v.a"),
        ({"required": ["a"], "$ref": "#/$defs/x", "$defs": {"x": {"properties": {"a": {}}}}}, "v.a"),
        ({"type": "object", "required": ["a"], "allOf": [{"type": "object", "properties": {"a": {}}}]}, "v.a"),
        (
            {"properties": {"a": {"properties": {"b": {}}}}, "allOf": [{"required": ["a"], "properties": {"a": {"required": ["b"]}}}]},
            "v.a.b",
        ),
        ({"properties": {"k": {}, "a": {}}, "required": ["k"], "if": {}, "then": {"required": ["a"]}}, "v.k == 1 && v.a == 1"),
        ({"properties": {"a": {}}, "allOf": [{"if": {}, "then": {"required": ["a"]}}]}, "v.a"),
        ({"properties": {"a": {}}, "allOf": [{"if": {}, "then": {"properties": {"b": {}}, "required": ["b"]}}]}, "v.b"),
        ({"properties": {"a": {"properties": {"b": {}}}}, "required": ["a"], "else": {"properties": {"a": {"required": ["b"]}}}}, "v.a.b"),
        ({"properties": {"a": {}, "b": {}}, "dependentRequired": {"a": ["b"]}}, "has(v.a) && v.b == 1"),
        ({"properties": {"a": {}, "b": {}}, "dependentSchemas": {"a": {"required": ["b"]}}}, "has(v.a) && v.b == 1"),
        ({"properties": {"a": {}}, "anyOf": [{"required": ["a"]}, {"properties": {"b": {}}}]}, "v.a"),
    ],
)
def test_a_field_that_another_part_of_the_schema_requires_is_not_optional(schema: JsonObject, source: str) -> None:
    assert check(source, Scope({"v": type_of_schema(schema)}), None).findings == ()


_CONDITIONS = [
    ("has(event.data.unit) && event.data.count > 1", {"unit", "count"}),
    ("event.data.count > 1 || event.data.load > 1.0", set()),
    ("!(event.data.count > 1 || has(event.data.unit))", {"count"}),
    ('!(!has(event.data.unit) || event.data.unit != "x")', {"unit"}),
    ("has(event.data.unit) ? event.data.count > 1 : false", {"unit"}),
    ('"unit" in event.data || false', {"unit"}),
    ('event.data.?unit.orValue("") == "x" && event.list.exists(i, event.data.flag)', set()),
    ("event.data.?unit.hasValue() && event.data.inner.c in [event.data.tags[0]]", {"unit", "inner", "tags"}),
]


@pytest.mark.parametrize(("condition", "there"), _CONDITIONS)
def test_what_a_condition_tests_or_reads_is_there_once_it_holds(condition: str, there: set[str]) -> None:
    implied = check(condition, _SCOPE, BOOL).implied
    found = set()
    for name in ("unit", "count", "load", "flag", "inner", "tags"):
        if not check(f"event.data.{name}", Scope(_SCOPE.variables, implied), None).findings:
            found.add(name)
    assert found == there


def test_nothing_is_said_of_missing_fields_under_a_condition_that_is_wrong() -> None:
    implied = check("event.data.zzz == 1", _SCOPE, BOOL).implied
    assert implied is None
    assert check("event.data.unit", Scope(_SCOPE.variables, implied), None).findings == ()
