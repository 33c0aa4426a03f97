"""The strict JSON door takes what everybody means by JSON and refuses what parsers disagree about."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune_core import values
from attune_core.values import JsonLimits, JsonRefused, JsonValue, canonical_json, digest_of, parse_json

REFUSED = {
    "a key twice": b'{"a": 1, "a": 2}',
    "a key twice, deep": b'{"x": [{"a": 1, "\\u0061": 2}]}',
    "NaN": b'{"a": NaN}',
    "Infinity": b"-Infinity",
    "a double beyond the doubles": b"1e999",
    "an integer above int64": b"9223372036854775808",
    "an integer below int64": b"-9223372036854775809",
    "a 5000-digit integer": b"9" * 5000,
    "100k nesting": b"[" * 100_000,
    "100k balanced nesting": b"[" * 100_000 + b"]" * 100_000,
    "a lone surrogate": b'"\\ud800"',
    "a lone surrogate in a key": b'{"\\udc00": 1}',
    "U+0000": b'"\\u0000"',
    "Latin-1": '"ä"'.encode("latin-1"),
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "nothing": b"",
    "two documents": b"1 2",
    "a comment": b"{} // no",
    "single quotes": b"{'a': 1}",
}

json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0")), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_what_parsers_disagree_about_is_refused(raw: bytes) -> None:
    with pytest.raises(JsonRefused):
        parse_json(raw)


def test_the_bounds_of_int64_are_taken() -> None:
    assert parse_json(b"[9223372036854775807, -9223372036854775808]") == [2**63 - 1, -(2**63)]


def test_brackets_inside_strings_are_no_nesting() -> None:
    text = "[{" * 500 + '\\"'
    assert parse_json(json.dumps([text]).encode()) == [text]


@pytest.mark.parametrize(
    ("limits", "raw"),
    [
        (JsonLimits(size=4), b"12345"),
        (JsonLimits(keys=3), b"[1, 2, 3, 4]"),
        (JsonLimits(string=3), b'{"a": "four"}'),
        (JsonLimits(string=3), b'{"four": 1}'),
        (JsonLimits(depth=2), b"[[[]]]"),
    ],
)
def test_each_bound_holds(limits: JsonLimits, raw: bytes) -> None:
    with pytest.raises(JsonRefused):
        parse_json(raw, limits)


@given(json_values)
def test_what_is_written_canonically_is_read_back_the_same(value: JsonValue) -> None:
    text = canonical_json(value)
    assert parse_json(text.encode(), JsonLimits(depth=100)) == value
    assert canonical_json(parse_json(text.encode(), JsonLimits(depth=100))) == text


def test_equal_objects_have_one_digest_whatever_their_order() -> None:
    assert digest_of({"a": 1, "b": [2]}) == digest_of({"b": [2], "a": 1})


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused_and_nothing_else(raw: bytes) -> None:
    try:
        parse_json(raw)
    except JsonRefused as refused:
        assert refused.message


@given(
    st.recursive(
        st.none() | st.integers(-9, 9) | st.text(max_size=6),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    ),
    st.integers(0, 12),
    st.integers(1, 40),
    st.booleans(),
)
def test_what_is_taken_unread_would_be_taken_read(value: JsonValue, keys: int, string: int, escaped: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    raw, limits = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass"), JsonLimits(keys=keys, string=string)
    if values._is_small(raw, limits):
        values._refuse_excess(value, limits)
