"""Values written as YAML are read back as the same values, and an edit changes its place and nothing else."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_core.catalog.documents import read_document
from attune_core.catalog.edits import Edits
from attune_core.catalog.nodes import Document
from attune_core.catalog.source_text import HIDDEN
from attune_core.catalog.written_yaml import flow
from attune_core.values import JsonValue

TEXTS = st.text(max_size=12).filter(lambda text: not HIDDEN.search(text)) | st.sampled_from(
    [
        "",
        "yes",
        "null",
        "1.10",
        "0777",
        "- a",
        "a: b",
        "a #b",
        "it's",
        'say "x"',
        "{a}",
        "${{ secrets.a }}",
        "a b",
        "*a",
        "&a",
        "!a",
        "~",
        "1e5",
    ]
)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


def read(text: str) -> Document:
    document, problems = read_document("a.yaml", text.encode())
    assert document is not None, (text, problems)
    return document


def block(value: JsonValue, column: int = 0) -> str:
    """Write a value a key a line, with a comment behind each; an item of a list that is a mapping begins beside its dash if it is even."""
    if isinstance(value, dict) and value:
        return "".join(f"\n{' ' * column}{flow(key)}:{_below(one, column)}" for key, one in value.items())
    if isinstance(value, list) and value:
        return "".join(f"\n{' ' * column}-{_item(one, index, column)}" for index, one in enumerate(value))
    return f" {flow(value)}  # a comment"


def _item(value: JsonValue, index: int, column: int) -> str:
    if isinstance(value, dict) and value and index % 2 == 0:
        return " " + block(value, column + 2).lstrip("\n ")
    return _below(value, column)


def _below(value: JsonValue, column: int) -> str:
    return ("  # a comment" if isinstance(value, dict | list) and value else "") + block(value, column + 2)


@given(VALUES)
def test_a_value_is_read_back_as_it_was_written(value: JsonValue) -> None:
    assert read(f"a: {flow(value)}\n").value == {"a": value}
    assert read("a:" + block(value, 2)).value == {"a": value}


STYLES = st.sampled_from(["flow", "block"])


@given(VALUES, VALUES, STYLES, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\n"]))
@settings(max_examples=300)
def test_an_edited_value_is_the_new_one_and_the_rest_stays(old: JsonValue, new: JsonValue, style: str, newline: str, end: str) -> None:
    before, after = "# before\nx: [1, 2] # one\n", "\n# between\ny:\n  - {z: 1}  # two" + end
    text = (before + "a:" + (block(old, 2) if style == "block" else f" {flow(old)}") + after).replace("\n", newline)
    edits = Edits(read(text))
    edits.change(("a",), new)
    edited = edits.text()
    assert read(edited).value == {"x": [1, 2], "a": new, "y": [{"z": 1}]}
    assert edited.startswith(before.replace("\n", newline))
    assert edited.endswith(after.replace("\n", newline).removeprefix(newline))


ITEMS = st.dictionaries(st.text(string.ascii_lowercase, min_size=1, max_size=3), VALUES, min_size=1, max_size=3)


@given(st.lists(ITEMS, max_size=3), ITEMS, STYLES, st.data())
def test_items_come_and_go_at_their_places(items: list[JsonValue], item: dict[str, JsonValue], style: str, data: st.DataObject) -> None:
    whole: JsonValue = [{"before": 1, "list": items, "after": 2}]
    text = "# one\na:" + (block(whole, 2) if style == "block" else f" {flow(whole)}") + "\n# two\n"
    edits = Edits(read(text))
    edits.add_item(("a", 0, "list"), item)
    assert read(edits.text()).value == {"a": [{"before": 1, "list": [*items, item], "after": 2}]}
    edits = Edits(read(text))
    edits.add_key(("a", 0), "more", [item])
    assert read(edits.text()).value == {"a": [{"before": 1, "list": items, "after": 2, "more": [item]}]}
    for key in ("before", "after"):
        edits = Edits(read(text))
        edits.remove_key(("a", 0), key)
        left = {name: one for name, one in (("before", 1), ("list", items), ("after", 2)) if name != key}
        assert read(edits.text()).value == {"a": [left]}
    if items:
        index = data.draw(st.integers(0, len(items) - 1))
        edits = Edits(read(text))
        edits.remove_item(("a", 0, "list"), index)
        assert read(edits.text()).value == {"a": [{"before": 1, "list": items[:index] + items[index + 1 :], "after": 2}]}
        assert edits.text().startswith("# one")
        assert edits.text().endswith("# two\n")


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        ("a:\n  b: 1 # one\n  c: 2\n", {"b": 3, "c": 2}, "a:\n  b: 3 # one\n  c: 2\n"),
        ("a:\n  b: 1 # one\n  c: 2 # two\nd: 5\n", {"b": 1, "e": "x y"}, "a:\n  b: 1 # one\n  e: x y\nd: 5\n"),
        ("a: {b: 1,  c: 2}\n", {"b": 1, "c": 2, "d": "yes"}, 'a: {b: 1,  c: 2, d: "yes"}\n'),
        ("a: {b: 1,  c: 2}\n", {"c": 2}, "a: {c: 2}\n"),
        ("a:\n  - b: 1\n    c: |\n      long\n      text\n", [{"b": 1, "c": "short"}], "a:\n  - b: 1\n    c: short\n"),
        ("a:\n", 5, "a: 5\n"),
        ("a: 'it''s' # so\n", 'say "x"', "a: 'say \"x\"' # so\n"),
    ],
)
def test_what_is_not_concerned_stays_as_people_wrote_it(before: str, new: JsonValue, after: str) -> None:
    edits = Edits(read(before))
    edits.change(("a",), new)
    assert edits.text() == after
