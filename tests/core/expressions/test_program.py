"""Programs: places of failures, clauses, numbers as their schema says them, and what is shared."""

import pytest

from attune_core.expressions.check import Scope, check
from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.program import Program
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.types import BOOL, DYN, STRING, List, Map, String, union
from attune_core.values import JsonValue

_SCOPE = Scope(
    {
        "event": DYN,
        "v": type_of_schema({"properties": {"number": {"type": "number"}, "integer": {"type": "integer"}, "text": {"type": "string"}}}),
    }
)


def _program(source: str) -> Program:
    checked = check(source, _SCOPE, None)
    assert checked.program is not None, checked.findings
    return checked.program


def test_the_first_clause_that_is_not_true_can_be_named() -> None:
    program = _program('event.a == 1 && (event.b || event.c) && event.d.startsWith("x")')
    assert [clause.source for clause in program.clauses] == ["event.a == 1", "(event.b || event.c)", 'event.d.startsWith("x")']
    activation: dict[str, JsonValue] = {"event": {"a": 1, "b": False, "c": False, "d": "xy"}}
    assert [clause.evaluate(activation) for clause in program.clauses] == [True, False, True]
    assert program.evaluate(activation) is False


def test_an_expression_without_conjunction_is_its_own_clause() -> None:
    program = _program("event.a || event.b")
    assert program.clauses == (program,)


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("event.a == 1 && event.zz.y == 2", "event.zz.y"),
        ("1 + event.a / 0", "event.a / 0"),
        ("event.list[event.a + 7]", "event.list[event.a + 7]"),
        ("event.a && true", "event.a"),
        ("true || int(event.text) > 1 ? int(event.text) : 1", "int(event.text)"),
        ("[{'k': event.text}][0].k.matches(event.text + '(')", "[{'k': event.text}][0].k.matches(event.text + '(')"),
        ("event.a.b", "event.a.b"),
    ],
)
def test_a_failure_has_the_place_of_the_operation_that_failed(source: str, place: str) -> None:
    with pytest.raises(ExpressionFailed) as raised:
        _program(source).evaluate({"event": {"a": 1, "list": [1], "text": "t"}})
    failure = raised.value
    assert source[failure.start : failure.end] == place
    assert place in failure.message or failure.message.startswith(("no such key", "'&&'", "event.a is int"))
    assert str(failure) == f"ATT230: {failure.message}"


def test_a_missing_variable_is_a_failure() -> None:
    with pytest.raises(ExpressionFailed, match="there is no variable 'event'"):
        _program("event.a").evaluate({})


def test_a_number_is_calculated_with_as_its_schema_says_it() -> None:
    """JSON writes the double 5.0 as 5, and JSON Schema takes 5.0 for an integer."""
    assert _program("v.number / 2.0").evaluate({"v": {"number": 5}}) == 2.5
    assert _program("-v.number + v.number * 3.0").evaluate({"v": {"number": 5}}) == 10.0
    assert _program("v.integer / 2").evaluate({"v": {"integer": 5.0}}) == 2
    assert _program("v.integer + 1").evaluate({"v": {"integer": 5.0}}) == 6
    assert _program("v.number == 5 && v.number < 6").evaluate({"v": {"number": 5}}) is True


def test_a_value_that_is_passed_on_is_not_changed() -> None:
    found = _program("v.number").evaluate({"v": {"number": 5}})
    assert type(found) is int


def test_a_value_of_another_type_than_its_schema_says_is_a_failure_not_a_crash() -> None:
    values: list[JsonValue] = [None, "x", [], {}, True]
    for value in values:
        with pytest.raises(ExpressionFailed):
            _program("v.number + 1.0").evaluate({"v": {"number": value}})
        with pytest.raises(ExpressionFailed):
            _program("v.text.size() + v.integer").evaluate({"v": {"text": "a", "integer": value}})


def test_a_condition_is_checked_to_be_bool_and_a_dyn_result_is_given_as_it_is() -> None:
    checked = check("event.flag", _SCOPE, BOOL)
    assert checked.program is not None
    assert checked.program.evaluate({"event": {"flag": 1}}) == 1


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('event.a == "x"', [("event.a", {"x"})]),
        ('"x" == event.a && event.b.c in [1, true, null, 2.5]', [("event.a", {"x"}), ("event.b.c", {1, None, 2.5})]),
        ('event["a"] == 1 || event.a in [2, 3]', [("event.a", {1, 2, 3})]),
        ('has(event.a) && event.a == "x" && event.b < 3 && event.c == 1', [("event.a", {"x"}), ("event.c", {1})]),
        ('(event.a == "x" && event.b == "y") && event.c == "z"', [("event.a", {"x"}), ("event.b", {"y"}), ("event.c", {"z"})]),
        ('event.a == "x" + "y" && event.b == timestamp(0)', [("event.a", {"xy"})]),
        ("event.a == 1 || event.b == 2", []),
        ('event.a != "x" && !(event.b == 1)', []),
        ('event.a == event.b || event.a in [event.b] || event.a == ["x"] || event.a in [["x"]] || "x" in event.a', []),
        ("event.a == 1 ? true : false", []),
        ('event.x.exists(a, a == "x") && event.a == "x"', []),
        ('event.a.contains("x") && event.b == "x"', []),
        ('event.a == "x" && event.b.contains("x") && event.c == "x"', [("event.a", {"x"})]),
    ],
)
def test_the_clauses_that_pin_a_field_to_values_are_known(source: str, expected: list[tuple[str, set[JsonValue]]]) -> None:
    program = _program(source)
    assert [(".".join(one.keys), set(one.values)) for one in program.equalities] == expected
    #: A field that is there with another value makes the whole false, whatever the other clauses do and however few steps are left.
    for one in program.equalities:
        event: JsonValue = "another value"
        for key in reversed(one.keys[1:]):
            event = {key: event}
        assert program.evaluate({"event": event}, steps=program.compiled.cost) is False


def test_the_variable_of_a_macro_is_no_field_of_the_event() -> None:
    assert _program('[{"a": "x"}].exists(event, event.a == "x")').equalities == ()
    assert _program('[event.b].exists(event, event == "x") && event.a == "x"').evaluate({"event": {"a": "x", "b": "x"}}) is True


def test_what_leaves_is_json_and_what_is_inside_a_text_is_as_well() -> None:
    checked = check("{'at': [timestamp(event.at)], 'for': duration('90s'), 'raw': b'a'}", _SCOPE, None)
    assert checked.type == Map(union((List(String(format="date-time")), STRING)))
    assert checked.program is not None
    assert checked.program.evaluate({"event": {"at": "2026-01-02T03:04:05.50Z"}}) == {
        "at": ["2026-01-02T03:04:05.5Z"],
        "for": "90s",
        "raw": "YQ==",
    }
    assert check("timestamp(event.at)", _SCOPE, STRING).findings == ()
    assert [one.message for one in check("timestamp(event.at)", _SCOPE, BOOL).findings] == [
        "timestamp(event.at) is timestamp, but bool is expected"
    ]


def test_a_program_evaluates_many_activations_and_keeps_nothing_of_them() -> None:
    program = _program("[event.a, 'x' + event.b]")
    first = program.evaluate({"event": {"a": 1, "b": "y"}})
    assert program.evaluate({"event": {"a": 2, "b": "z"}}) == [2, "xz"]
    assert first == [1, "xy"]
