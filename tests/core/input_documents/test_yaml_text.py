"""An Input as YAML: our own strict loader, PyYAML's and readers of 1.2 give back the same values, whatever the texts look like."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from attune_core.catalog.documents import read_document
from attune_core.input_documents.writing import input_document
from attune_core.values import INT64_MAX, INT64_MIN, JsonObject, JsonValue

#: Texts that some version of YAML reads as something else, or that end, fold or hide in some reader.
TEXTS = [
    *("", "yes", "No", "on", "y", "~", "null", "Null", "true", "0755", "0o17", "0x1f", "1e3", "1_000", "12:30", "12:30:45", "1.10", ".5"),
    *("2026-01-01", "=", "<<", "*a", "&a", "!a", "%a", "@a", "`a", "- a", "a: b", "a #b", "#a", "|", ">", "{}", "[]", "---", "...", "? a"),
    *(" a", "a ", "\ta", "a\nb", "a\n\nb\n", "\r", "a\r\nb", '"', "'", "\\", "\\n", "${{ x }}", "\x01", "\x1b[31m", "\x7f", "\x80", "\x85"),
    *(
        "\xa0",
        "\u2028",
        "\u2029",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\ufffe",
        "\uffff",
        "\ue000",
        "日本",
        "e\u0301",
        "😀",
        "\U0010ffff",
        "\U000f0000",
    ),
]
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30) | st.sampled_from(TEXTS)
numbers = st.integers(INT64_MIN, INT64_MAX) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12)
inputs = st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True), values, max_size=5)


def same(found: object, meant: JsonValue) -> bool:
    """Compare with types: 1 is not 1.0 and not True."""
    return repr(found) == repr(meant)


def strictly(document: bytes) -> JsonValue:
    """Read it as Attune reads documents, which takes nothing that is ambiguous."""
    found, problems = read_document("input.yaml", document)
    assert problems == ()
    assert found is not None
    return found.root.value


@given(given_input=inputs)
def test_every_reader_gives_the_values_back(given_input: JsonObject) -> None:
    document = input_document("yaml", given_input)
    assert same(yaml.load(document, Loader=yaml.SafeLoader), given_input)
    assert same(yaml.load(document, Loader=yaml.CSafeLoader), given_input)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_stays_this_text_as_value_key_and_item(text: str) -> None:
    given_input: JsonObject = {"on": text, "null": {text: [text, {text: None}]}}
    assert same(yaml.safe_load(input_document("yaml", given_input)), given_input)


@given(
    given_input=st.dictionaries(st.sampled_from(["on", "null", "unit"]), numbers | st.booleans() | st.none() | st.text("ab: 0.e+'\"\\\n"))
)
def test_our_own_strict_loader_takes_it(given_input: JsonObject) -> None:
    assert same(strictly(input_document("yaml", given_input)), given_input)


@pytest.mark.parametrize("length", [990, 1_000, 1_020, 1_030, 200_000])
def test_a_key_may_be_longer_than_readers_look_ahead(length: int) -> None:
    given_input: JsonObject = {"labels": {"k" * length: "v", "short": 1}}
    document = input_document("yaml", given_input)
    assert yaml.safe_load(document) == given_input
    assert yaml.load(document, Loader=yaml.CSafeLoader) == given_input
    assert strictly(document) == given_input


def test_it_is_readable() -> None:
    given_input: JsonObject = {"unit": "nginx", "tries": 3, "load": 1e16, "tags": ["a", "b"], "extra": {}}
    assert input_document("yaml", given_input) == (b'"unit": "nginx"\n"tries": 3\n"load": 1.0e+16\n"tags": ["a", "b"]\n"extra": {}\n')
    assert input_document("yaml", {}) == b"{}\n"


def test_json_is_utf_8_without_spaces() -> None:
    assert input_document("json", {"a": "ü\n", "b": [1.5, None]}) == '{"a":"ü\\n","b":[1.5,null]}'.encode()
    assert json.loads(input_document("json", {})) == {}
