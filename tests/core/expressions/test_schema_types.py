"""Types of JSON Schemas: the table in tests/cases/expressions/schemas.yaml, and schemas made to be expensive."""

import time
from pathlib import Path
from typing import TypedDict, cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from attune_core.expressions.check import Scope, check
from attune_core.expressions.finding import Code
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.types import Dyn, List, Object, OneOf, String, Type, type_name
from attune_core.problems import Severity
from attune_core.values import JsonObject, JsonValue
from tests.core.expressions.json_values import json_values
from tests.core.expressions.same_examples import same_examples

_FILE = Path(__file__).parents[2] / "cases" / "expressions" / "schemas.yaml"


class _Case(TypedDict, total=False):
    name: str
    schema: JsonValue
    type: str
    dyn: bool
    fields: list[str]
    wrong: list[str]


_CASES = cast("list[_Case]", yaml.safe_load(_FILE.read_text("utf-8")))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in _CASES])
def test_a_schema_gives_its_type(case: _Case) -> None:
    found = type_of_schema(case["schema"])
    assert isinstance(found, Dyn) == case.get("dyn", False)
    assert type_name(found) == case.get("type", type_name(found))
    scope = Scope({"v": found})
    for source in case.get("fields", []):
        assert _errors(source, scope) == [], source
    for source in case.get("wrong", []):
        assert _errors(source, scope) == [Code.UNKNOWN_FIELD], source


def _errors(source: str, scope: Scope) -> list[str]:
    return [one.code for one in check(source, scope, None).findings if one.severity is Severity.ERROR]


def test_required_fields_and_choices_are_kept() -> None:
    found = type_of_schema({"properties": {"a": {"enum": ["x", "y"]}, "b": {}}, "required": ["a"], "additionalProperties": False})
    assert isinstance(found, Object)
    assert found.closed
    assert found.fields["a"].required
    assert not found.fields["b"].required
    assert found.fields["a"].type == String(("x", "y"))


def test_a_schema_that_doubles_at_every_reference_is_cut_off() -> None:
    defs: dict[str, JsonValue] = {f"d{n}": {"properties": {key: {"$ref": f"#/$defs/d{n + 1}"} for key in "abc"}} for n in range(60)}
    found = type_of_schema({"$ref": "#/$defs/d0", "$defs": defs})
    assert _errors("v.a.b.a.b", Scope({"v": found})) == []
    assert _size(found) <= 20_000


def _size(one: Type) -> int:
    return 1 + sum(_size(field.type) for field in one.fields.values()) if isinstance(one, Object) else 1


def test_a_schema_of_thousands_of_levels_is_cut_off() -> None:
    schema: JsonValue = {"type": "string"}
    for _ in range(5_000):
        schema = {"type": "array", "items": schema}
    found, depth = type_of_schema(schema), 0
    while isinstance(found, List):
        found, depth = found.item, depth + 1
    assert isinstance(found, Dyn)
    assert depth < 50


_MANY: dict[str, JsonValue] = {f"f{n}": {"type": "string"} for n in range(5_000)}
_HEAVY: list[JsonObject] = [
    {"properties": _MANY, "oneOf": [{"required": ["f1"]}] * 10_000},
    {"properties": _MANY, "allOf": [{"if": {}, "then": {"required": [f"f{n}"]}} for n in range(10_000)]},
    {"properties": _MANY, "dependentRequired": {f"f{n}": ["f1"] for n in range(10_000)}},
    {"type": "array", "prefixItems": [{}] * 5_000, "allOf": [{"prefixItems": [{}]}] * 5_000},
    {"oneOf": [{"const": f"v{n}"} for n in range(10_000)]},
    {"allOf": [{"enum": [f"v{n}" for n in range(1_000)]}] * 100},
]


@pytest.mark.parametrize("schema", _HEAVY, ids=" ".join)
def test_a_schema_that_says_much_of_many_fields_is_read_in_good_time(schema: JsonObject) -> None:
    started = time.process_time()
    assert type_name(type_of_schema(schema))
    assert time.process_time() - started < 3


def test_an_enum_of_thousands_is_a_plain_string() -> None:
    values: list[JsonValue] = [f"value {n}" for n in range(5_000)]
    assert type_of_schema({"enum": values}) == String(None)


@same_examples
@given(json_values())
def test_any_json_is_read_as_a_schema(schema: JsonValue) -> None:
    assert type_name(type_of_schema(schema))


_KINDS = st.sampled_from(["string", "integer", "object", "array", "number", "null", "boolean"])


def _schemas(inner: "st.SearchStrategy[JsonValue]") -> "st.SearchStrategy[JsonValue]":
    names = st.sampled_from(["a", "b", "c", "d"])
    lists = st.lists(inner, min_size=1, max_size=3)
    parts: dict[str, st.SearchStrategy[JsonValue]] = {
        "type": st.one_of(st.just("object"), _KINDS),
        "properties": st.dictionaries(names, inner, max_size=3).map(lambda found: cast("JsonValue", found)),
        "required": st.lists(names, max_size=2).map(lambda found: cast("JsonValue", found)),
        "additionalProperties": st.one_of(st.booleans(), inner),
        **{key: lists.map(lambda found: cast("JsonValue", found)) for key in ("allOf", "anyOf", "oneOf")},
        "then": inner,
        "$ref": st.sampled_from(["#", "#/properties/a", "#/allOf/0", "other.json"]),
    }
    return st.fixed_dictionaries({}, optional=parts).map(lambda found: cast("JsonValue", found))


def _declared(schema: JsonValue) -> set[str]:
    """Return every field that the schema names for the value itself, wherever it says so."""
    if not isinstance(schema, dict):
        return set()
    properties = schema.get("properties")
    found = set(properties) if isinstance(properties, dict) else set()
    for key in ("allOf", "anyOf", "oneOf"):
        parts = schema.get(key)
        found.update(*(_declared(part) for part in parts)) if isinstance(parts, list) else None
    return found | _declared(schema.get("then"))


def _object_members(one: Type) -> list[Object]:
    members = one.members if isinstance(one, OneOf) else (one,)
    return [member for member in members if isinstance(member, Object)]


@same_examples
@given(st.recursive(st.just({}) | _KINDS.map(lambda kind: cast("JsonValue", {"type": kind})), _schemas, max_leaves=8))
def test_a_field_named_anywhere_in_a_schema_is_no_false_alarm(schema: JsonValue) -> None:
    found = type_of_schema(schema)
    if not _object_members(found):
        return
    for name in _declared(schema):
        assert _errors(f"v.{name}", Scope({"v": found})) == [], (name, type_name(found))
