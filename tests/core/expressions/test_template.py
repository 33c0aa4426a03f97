"""Texts with `${{ }}`: the table in tests/cases/expressions/templates.yaml, types and bounds."""

from pathlib import Path
from typing import TypedDict, cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from attune_core.expressions.check import Scope
from attune_core.expressions.errors import ExpressionFailed, ExpressionTooCostly
from attune_core.expressions.finding import Code
from attune_core.expressions.template import check_template
from attune_core.expressions.types import BOOL, DYN, INT, SECRET, STRING, Field, Map, Object, String
from attune_core.values import JsonObject, JsonValue
from tests.core.expressions.json_values import json_values
from tests.core.expressions.same_examples import same_examples

_FILE = Path(__file__).parents[2] / "cases" / "expressions" / "templates.yaml"


class _Expected(TypedDict, total=False):
    code: str
    at: str
    message: str
    hint: str


class _Case(TypedDict, total=False):
    text: str
    value: JsonValue
    error: str
    constant: bool
    secret: str
    findings: list[_Expected]


class _Table(TypedDict):
    activation: JsonObject
    cases: list[_Case]


_TABLE = cast("_Table", yaml.safe_load(_FILE.read_text("utf-8")))
_SCOPE = Scope({"event": Object({"type": Field(STRING, required=True), "data": Field(Map(DYN), required=True)}), "secrets": Map(SECRET)})


@pytest.mark.parametrize("case", [pytest.param(case, id=case["text"]) for case in _TABLE["cases"]])
def test_a_text_is_rendered_or_refused(case: _Case) -> None:
    text = case["text"]
    checked = check_template(text, _SCOPE, None)
    expected = case.get("findings", [])
    assert [found.code for found in checked.findings] == [one["code"] for one in expected], checked.findings
    for found, wanted in zip(checked.findings, expected, strict=True):
        assert text[found.start : found.end] == wanted["at"]
        assert found.message == wanted.get("message", found.message)
        assert found.hint == wanted.get("hint", found.hint)
    assert checked.constant == case.get("constant", False)
    assert checked.secret == case.get("secret")
    if "error" in case:
        with pytest.raises(ExpressionFailed) as raised:
            checked.render(_TABLE["activation"])
        assert raised.value.message.startswith(case["error"])
    elif "value" in case:
        value = checked.render(_TABLE["activation"])
        assert value == case["value"]
        assert type(value) is type(case["value"])


def test_exactly_one_expression_keeps_its_type_and_a_mixed_text_is_a_string() -> None:
    assert check_template("${{ 1 + 2 }}", _SCOPE, None).type == INT
    assert check_template("n${{ 1 + 2 }}", _SCOPE, None).type == STRING
    assert check_template("n", _SCOPE, None).type == String(("n",))


def test_a_text_must_fit_its_place() -> None:
    assert [one.code for one in check_template("${{ event.type }}", _SCOPE, INT).findings] == [Code.DOES_NOT_FIT]
    assert [one.code for one in check_template("${{ 1 }} ", _SCOPE, INT).findings] == [Code.DOES_NOT_FIT]
    assert [one.code for one in check_template("yes", _SCOPE, BOOL).findings] == [Code.DOES_NOT_FIT]
    assert [one.code for one in check_template("c", _SCOPE, String(("a", "b"))).findings] == [Code.DOES_NOT_FIT]
    assert [one.code for one in check_template("${{ 'c' }}", _SCOPE, String(("a", "b"))).findings] == [Code.DOES_NOT_FIT]
    assert check_template("a", _SCOPE, String(("a", "b"))).findings == ()
    assert check_template("${{ event.data.x }}", _SCOPE, INT).findings == ()


def test_a_secret_reaches_only_a_place_for_secrets_which_takes_nothing_else() -> None:
    assert check_template("${{ secrets.token }}", _SCOPE, SECRET).findings == ()
    for text in ("token", "${{ event.type }}", "${{ event.data.x }}", "x ${{ event.type }}"):
        assert [one.code for one in check_template(text, _SCOPE, SECRET).findings] == [Code.SECRET], text
    for expected in (STRING, DYN, String(("a",))):
        assert [one.code for one in check_template("${{ secrets.token }}", _SCOPE, expected).findings] == [Code.SECRET]


def test_a_text_that_stands_for_a_secret_is_never_rendered() -> None:
    with pytest.raises(AssertionError):
        check_template("${{ secrets.token }}", _SCOPE, None).render({"secrets": {"token": "canary"}})
    with pytest.raises(AssertionError):
        check_template("${{ 1 + }}", _SCOPE, None).render({})


def test_the_number_and_length_of_expressions_are_bounded() -> None:
    many = check_template("${{ 1 }}" * 101, _SCOPE, None)
    assert [one.code for one in many.findings] == [Code.TOO_LARGE]
    long = check_template("${{ " + " " * 20_000 + "1 }}", _SCOPE, None)
    assert [one.code for one in long.findings] == [Code.TOO_LARGE]
    assert check_template("${{ 1 }}" * 100, _SCOPE, None).render({}) == "1" * 100


def test_a_rendered_text_is_bounded() -> None:
    text = check_template("${{ event.data.a }}${{ event.data.a }}", _SCOPE, None)
    assert text.render({"event": {"data": {"a": "x" * 1000}}}) == "x" * 2000
    with pytest.raises(ExpressionTooCostly):
        text.render({"event": {"data": {"a": "x" * 200_000}}})


@same_examples
@given(st.text())
def test_any_text_gives_findings_or_a_value(text: str) -> None:
    checked = check_template(text, _SCOPE, None)
    for found in checked.findings:
        assert 0 <= found.start <= found.end <= len(text)
    if "${{" not in text:
        assert checked.render({}) == text


@same_examples
@given(
    st.lists(
        st.sampled_from(["${{", "}}", "$", "{", "}", "'", '"', "event", ".", "type", "secrets", " ", "//", "\n", "\\", "r'", '"""', "1"])
    )
)
def test_any_mixture_of_the_marks_of_a_text_gives_findings_or_a_value(marks: list[str]) -> None:
    text = "".join(marks)
    checked = check_template(text, _SCOPE, None)
    for found in checked.findings:
        assert 0 <= found.start <= found.end <= len(text)
    if not checked.findings and checked.secret is None:
        checked.render({"event": {"type": "push", "data": {}}})


@same_examples
@given(json_values())
def test_data_is_never_read_as_a_text_with_expressions(value: JsonValue) -> None:
    alone = check_template("${{ event.data.x }}", _SCOPE, None)
    assert alone.render({"event": {"data": {"x": value}}}) == value


@same_examples
@given(st.text())
def test_a_string_of_an_event_goes_into_a_text_as_it_is(value: str) -> None:
    mixed = check_template("<${{ event.data.x }}>", _SCOPE, None)
    assert mixed.render({"event": {"data": {"x": value}}}) == f"<{value}>"
