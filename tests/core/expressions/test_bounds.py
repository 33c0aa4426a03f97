"""Hostile expressions: whatever is written, the checker answers with findings and an evaluation ends within its budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune_core.expressions.check import Scope, check
from attune_core.expressions.errors import ExpressionFailed, ExpressionTooCostly
from attune_core.expressions.finding import Code
from attune_core.expressions.program import Program
from attune_core.expressions.types import BOOL, DYN, INT, SECRET, Field, Map, Object, String
from attune_core.problems import Severity
from attune_core.values import JsonValue, canonical_json
from tests.core.expressions.json_values import json_values
from tests.core.expressions.same_examples import same_examples

_SCOPE = Scope(
    {
        "event": Object({"data": Field(DYN, required=True), "n": Field(INT), "kind": Field(String(("a", "b")))}),
        "x": DYN,
        "secrets": Map(SECRET),
    }
)


def _program(source: str) -> Program:
    checked = check(source, _SCOPE, None)
    assert checked.program is not None, checked.findings
    return checked.program


@same_examples
@given(st.text())
def test_any_text_gives_findings(source: str) -> None:
    _check_any(source)


_VOCABULARY = """
    event . data n kind x secrets true false null 1 2.5 0x1 'a' "b" r'c' + - * / % ! == != < <= > >= && || ? : in ( ) [ ] { } , has size
    startsWith matches string int double dyn zz .data .kind [0] 'a(' 9223372036854775807 // `q` all .all( .map( .filter( .exists_one( a, a
    .? [? .orValue( .optMap( b'a' timestamp( duration( '1h' .split( .format( optional.of( .getHours(
"""
_WORDS = st.sampled_from(_VOCABULARY.split())


@same_examples
@given(st.lists(_WORDS, max_size=30), json_values())
def test_any_mixture_of_words_gives_findings_or_a_value(words: list[str], value: JsonValue) -> None:
    program = _check_any(" ".join(words))
    if program is not None:
        _evaluates_or_fails(program, value)


def _check_any(source: str) -> Program | None:
    checked = check(source, _SCOPE, BOOL if len(source) % 2 else None)
    for found in checked.findings:
        assert 0 <= found.start <= found.end <= len(source)
        assert found.message
    assert (checked.program is None) == any(found.severity is Severity.ERROR for found in checked.findings)
    return checked.program


def _evaluates_or_fails(program: Program, value: JsonValue) -> None:
    try:
        result = program.evaluate({"event": {"data": value, "n": 1, "kind": "a"}, "x": value})
    except ExpressionFailed as failure:
        assert failure.message
    else:
        canonical_json(result)


_LEAVES = ["x", "event.data", "event.n", "event.kind", "1", "-2", "0.5", "'a'", "true", "null", "[]", "{}", "x.a", "x[0]", "event.data.b"]


def _expressions(leaves: list[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        st.sampled_from(leaves),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "in", "&&", "||"]), inner).map(" ".join),
            st.tuples(inner, inner, inner).map(lambda three: f"({three[0]} ? {three[1]} : {three[2]})"),
            inner.map(lambda one: f"(!({one}) || -({one}) == 1)"),
            st.tuples(inner, inner).map(lambda two: f"[{two[0]}, dyn({two[1]})]"),
            st.tuples(inner, inner).map(lambda two: f"{{'a': {two[0]}, string({two[1]}): 1}}"),
            st.tuples(inner, inner).map(lambda two: f"(({two[0]})[{two[1]}])"),
            inner.map(lambda one: f"({one}).a"),
            inner.map(lambda one: f"has(({one}).a)"),
            st.tuples(inner, st.sampled_from(["all", "exists", "exists_one", "filter", "map"]), st.sampled_from(["x", "v"]), inner).map(
                lambda four: f"dyn({four[0]}).{four[1]}({four[2]}, dyn({four[3]}))"
            ),
            st.tuples(inner, inner, inner).map(lambda three: f"({three[0]}).?a[?{three[1]}].optMap(x, dyn({three[2]})).orValue(x)"),
            inner.map(lambda one: f"timestamp(dyn({one})) - duration('1h')"),
            st.tuples(inner, inner).map(lambda two: f"dyn({two[0]}).split({two[1]}).join('%s').format([{two[0]}])"),
            st.tuples(st.sampled_from(["string", "int", "double", "bool", "size", "dyn"]), inner).map(lambda two: f"{two[0]}({two[1]})"),
            st.tuples(inner, st.sampled_from(["startsWith", "endsWith", "contains", "matches"]), inner).map(
                lambda t: f"dyn({t[0]}).{t[1]}({t[2]})"
            ),
        ).map(lambda source: f"dyn({source})"),
        max_leaves=10,
    )


_EXPRESSIONS = _expressions(_LEAVES)


@same_examples
@given(_EXPRESSIONS, json_values())
def test_any_expression_gives_a_value_or_a_failure_with_a_message(source: str, value: JsonValue) -> None:
    program = _check_any(source)
    if program is not None:
        _evaluates_or_fails(program, value)


@same_examples
@given(_expressions([*_LEAVES, "secrets.a", "secrets"]).filter(lambda source: "secrets" in source))
def test_no_expression_computes_with_a_secret(source: str) -> None:
    checked = check(f"[{source}]", _SCOPE, None)
    assert checked.program is None
    assert checked.findings


@same_examples
@given(_EXPRESSIONS, json_values(), st.integers(0, 60))
def test_a_smaller_budget_gives_the_same_value_or_says_that_it_is_spent(source: str, value: JsonValue, steps: int) -> None:
    program = check(source, _SCOPE, None).program
    if program is None:
        return
    activation: dict[str, JsonValue] = {"event": {"data": value, "n": 1, "kind": "a"}, "x": value}
    try:
        found = canonical_json(program.evaluate(activation, steps=steps))
    except ExpressionTooCostly:
        return
    except ExpressionFailed:
        with pytest.raises(ExpressionFailed):
            program.evaluate(activation)
        return
    assert found == canonical_json(program.evaluate(activation))


@pytest.mark.parametrize(
    "source",
    [
        "(" * 100_000,
        "(" * 4_000,
        "[" * 4_000 + "]" * 4_000,
        "{'a':" * 1_000,
        "!" * 8_000 + "true",
        "-" * 8_000 + "1",
        "true ? " * 1_000,
        "true ? 1 : " * 700 + "1",
        "x" + ".a" * 4_000,
        "x" + "[0]" * 2_700,
        "1" + "+1" * 4_000,
        "'a'" + "+'a'" * 2_000,
        "size(" * 1_500 + "x" + ")" * 1_500,
        "1" * 8_000,
        "x" * 9_000,
        "x." + "y" * 9_000,
        "has(" * 2_000,
    ],
    ids=lambda source: f"{source[:12]}... of {len(source)}",
)
def test_deep_and_long_expressions_are_findings(source: str) -> None:
    checked = check(source, _SCOPE, None)
    assert [found.code for found in checked.findings] in ([Code.TOO_LARGE], [Code.CONSTANT_FAILS], [Code.SYNTAX])


def test_nesting_as_deep_as_allowed_is_evaluated() -> None:
    assert _program("(" * 48 + "x" + ")" * 48).evaluate({"x": 1}) == 1
    assert _program("1" + " + x" * 98).evaluate({"x": 1}) == 99
    assert _program("x == 1 " + "&& x == 1 " * 700).evaluate({"x": 1}) is True
    assert _program("!" * 48 + "x").evaluate({"x": True}) is True
    assert _program("x" + ".a" * 60).evaluate({"x": _nested(60)}) == 1


def _nested(depth: int) -> JsonValue:
    value: JsonValue = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def test_a_thousand_unknown_names_are_a_thousand_findings_in_no_time() -> None:
    scope = Scope({"event": Object({f"field_{n}": Field(INT) for n in range(5_000)})})
    source = "[" + ", ".join(f"event.feild_{n}" for n in range(450)) + "]"
    findings = check(source, scope, None).findings
    assert len(findings) == 450
    assert sum(found.hint is not None for found in findings) == 20


def test_a_pattern_that_explodes_elsewhere_is_linear_here() -> None:
    text = "a" * 100_000 + "!"
    assert _program("x.matches('(a+)+$')").evaluate({"x": text}) is False
    assert _program("x.matches('^(([a-z])+.)+[A-Z]([a-z])+$')").evaluate({"x": "a" * 50_000}) is False
    assert _program("x.matches(event.data)").evaluate({"x": "a" * 30_000 + "!", "event": {"data": "(a+)+$"}}) is False


def test_patterns_are_bounded_in_length_memory_and_work() -> None:
    assert _program(r"x.matches(r'^\pL{1,64}$')").evaluate({"x": "äöü"}) is True
    for pattern in ("a" * 2_000, "((a{100}){100}){100}", "(a{1000}){1000}", r"\pL{500}"):
        assert [found.code for found in check(f"x.matches(r'{pattern}')", _SCOPE, None).findings] == [Code.REGEX]
        with pytest.raises(ExpressionFailed):
            _program("x.matches(event.data)").evaluate({"x": "a", "event": {"data": pattern}})
    with pytest.raises(ExpressionTooCostly):
        _program(" || ".join(f"x.matches(event.data + '{n}')" for n in range(150))).evaluate({"x": "a", "event": {"data": "(\\pL){20}"}})
    with pytest.raises(ExpressionTooCostly):
        _program(" || ".join(f"x.matches(event.data + '{n}')" for n in range(220))).evaluate({"x": "a", "event": {"data": "b"}})
    with pytest.raises(ExpressionTooCostly):
        _program("x.matches('(a|b|c|d){0,200}(x?){0,200}y')").evaluate({"x": "abcd" * 60_000})


def test_texts_and_lists_do_not_grow_beyond_the_bound() -> None:
    doubled = "x"
    for _ in range(9):
        doubled = f"({doubled} + {doubled})"
    with pytest.raises(ExpressionTooCostly, match="more steps"):
        _program(f"size({doubled})").evaluate({"x": [1] * 1_000})
    with pytest.raises(ExpressionTooCostly, match="is longer than"):
        _program("size(x + x)").evaluate({"x": "a" * 200_000})
    assert _program("x + x").evaluate({"x": "a" * 1_000}) == "a" * 2_000


def test_a_result_is_bounded_in_size_and_depth() -> None:
    with pytest.raises(ExpressionTooCostly, match="longer than"):
        _program("x").evaluate({"x": "a" * 300_000})
    with pytest.raises(ExpressionTooCostly, match="longer than"):
        _program("[x, x]").evaluate({"x": ["a" * 1_000] * 200})
    with pytest.raises(ExpressionTooCostly, match="nested deeper"):
        _program("x").evaluate({"x": _nested(70)})
    assert _program("size(x)").evaluate({"x": "a" * 300_000}) == 300_000


def test_comparing_and_searching_costs_steps_by_size() -> None:
    rows: JsonValue = [[n] for n in range(40_000)]
    with pytest.raises(ExpressionTooCostly):
        _program("x == x && [50000] in x && [50001] in x").evaluate({"x": rows})
    with pytest.raises(ExpressionTooCostly):
        _program("x.contains('b')" + " || x.contains('c')" * 10).evaluate({"x": "a" * 200_000})


_NUMBERS: JsonValue = list(range(1_000))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("x.all(a, x.all(b, x.all(c, a == b || true)))", _NUMBERS),
        ("x.map(a, x.map(b, x.map(c, [a, b, c])))", _NUMBERS),
        ("x.exists(a, x.exists(b, a > 0 && b < 0))", _NUMBERS),
        ("size(x.map(a, x.filter(b, b != a)))", _NUMBERS),
        ("size(x.map(a, x + x))", _NUMBERS),
        ("size(x.map(a, x.join(',')))", ["ab"] * 10_000),
        ("size(x.map(a, a + a))", ["z" * 100_000] * 100),
        ("size(x.map(a, a.split('')))", ["z" * 50_000] * 100),
        ("size(x.map(a, bytes(a) + bytes(a)))", ["z" * 50_000] * 100),
        ("size(x.map(a, a.reverse().upperAscii().trim()))", ["z" * 50_000] * 100),
        ("size(x.map(a, a.replace('z', 'yy')))", ["z" * 50_000] * 100),
        ("size(x.map(a, '%x'.format([a])))", ["z" * 50_000] * 100),
        ("size(x.map(a, '%s'.format([x])))", ["z" * 100] * 1_000),
        ("size(x.map(a, '%.1000f%.1000e'.format([a, a])))", _NUMBERS),
        ("x.all(a, timestamp(0).getHours('Europe/X' + string(a)) == 0 || true)", list(range(3_000))),
        ("x.all(a, string(a).matches('^[0-9]+$') || true)", list(range(50_000))),
        ("x.all(a, a in x)", _NUMBERS),
        ("x.all(a, a == x[0])", ["z" * 2_000] * 5_000),
    ],
)
def test_what_macros_repeat_is_paid_for_each_time(source: str, value: JsonValue) -> None:
    with pytest.raises(ExpressionTooCostly, match="more steps"):
        _program(source).evaluate({"x": value})


@pytest.mark.parametrize(
    "source", ["x.replace('', 'abcdefgh')", "[x, x, x, x].join('')", "'%s%s%s%s'.format([x, x, x, x])", "bytes(x) + bytes(x) + bytes(x)"]
)
def test_a_text_is_refused_before_it_is_built(source: str) -> None:
    with pytest.raises(ExpressionTooCostly, match="is longer than"):
        _program(f"size({source}) > 0").evaluate({"x": "a" * 100_000})


def test_moments_and_bytes_count_in_the_size_of_a_result() -> None:
    with pytest.raises(ExpressionTooCostly, match="result is longer"):
        _program("bytes(x)").evaluate({"x": "a" * 200_000})
    with pytest.raises(ExpressionTooCostly, match="result is longer"):
        _program("x.map(a, timestamp(a))").evaluate({"x": list(range(10_000))})


def test_a_spent_budget_is_not_absorbed_by_logic() -> None:
    with pytest.raises(ExpressionTooCostly):
        _program("x == [] || ([1] in x) || true").evaluate({"x": [[n] for n in range(200_000)]})


def test_values_nested_beyond_what_python_recurses_fail_as_too_costly() -> None:
    deep: JsonValue = 1
    other: JsonValue = 1
    for _ in range(20_000):
        deep, other = [deep], [other]
    with pytest.raises(ExpressionTooCostly, match="nested too deeply"):
        _program("x == event.data").evaluate({"x": deep, "event": {"data": other}})
