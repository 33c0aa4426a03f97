"""An inferred schema takes every event that was seen, says what it cannot know, and closes nothing that the next event would open."""

import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_core.catalog.documents import read_document
from attune_core.catalog.load import load
from attune_core.json_schema import SchemaValidator
from attune_core.observed.inferring import Notes, infer
from attune_core.observed.shape import DEPTH, LONGEST_TEXT, MOST_FIELDS, MOST_PLACES, Room, Shape
from attune_core.observed.writing import trigger_document
from attune_core.values import JsonObject, JsonValue
from tests.core.catalog.memory_tree import MemoryTree

REPOSITORY = {
    "attune.yaml": b'format: 1\nattune: ">=0.1"\n',
    "packs/web/pack.yaml": b"name: web\nversion: 1.0.0\ndescription: For tests\n",
}
KEYS = st.text(max_size=4) | st.sampled_from(["a", "b", "type", "$ref", "properties", "<<", "10.0.0.1", "10.0.0.2", "true", "a: b"])
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(["low", "high", "2026-01-01T00:00:00Z", "2026-01-01T00:00:60Z", "2026-02-30T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
EVENTS = st.lists(st.dictionaries(KEYS, VALUES, max_size=5), min_size=1, max_size=12)


def infer_all(events: list[JsonObject]) -> tuple[JsonObject, Notes]:
    shape = Shape()
    for event in events:
        shape.add(event)
    return infer(shape)


def document(events: list[JsonObject]) -> str:
    schema, notes = infer_all(events)
    return trigger_document("web.alert", len(events), schema, notes)


def schema_of(text: str) -> JsonObject:
    """Return the schema as a repository with this document has it; it has no error."""
    loaded = load(MemoryTree(REPOSITORY | {"packs/web/triggers/alert.yaml": text.encode()}))
    assert loaded.catalog is not None, (text, loaded.problems)
    read, _ = read_document("alert.yaml", text.encode())
    assert read is not None
    schema = read.value_at(("data",))
    assert isinstance(schema, dict)
    return schema


@given(EVENTS, st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_the_written_document_validates_and_every_event_fits_it(events: list[JsonObject], times: int) -> None:
    schema = schema_of(document(events * times))
    assert schema == infer_all(events * times)[0]
    validator = SchemaValidator(schema)
    for event in events:
        assert validator.misfits(event) == ()


def property_of(events: list[JsonObject]) -> tuple[JsonValue, list[str]]:
    """Return the schema of the field `x`, and what is said of it and below it."""
    schema, notes = infer_all(events)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    return properties["x"], [text for place, texts in notes.items() if place[:2] == ("properties", "x") for text in texts]


def seen(*values: JsonValue) -> list[JsonObject]:
    return [{"x": value} for value in values]


@pytest.mark.parametrize(
    ("values", "schema", "notes"),
    [
        ([1, 2], {"type": "integer"}, []),
        ([1, 2.5], {"type": "number"}, []),
        ([True, False], {"type": "boolean"}, []),
        (["a", None], {"type": ["string", "null"]}, []),
        (["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+01:00"], {"type": "string", "format": "date-time"}, []),
        (["2026-01-01T00:00:00Z", "today"], {"type": "string"}, []),
        ([[], []], {"type": "array"}, ["no items were seen"]),
        ([[1], [None]], {"type": "array", "items": {"type": ["integer", "null"]}}, []),
        ([None, None], {}, ["always null: what else it may be is not known"]),
        ([1, "a"], {"type": ["string", "integer"]}, ["mixed types: string 1 times, integer 1 times"]),
        (["low", "high"] * 10, {"enum": ["high", "low"]}, ["2 values in 20: are these all there can be?"]),
        (["low", None, "high"] * 10, {"enum": ["high", "low", None]}, ["2 values in 20: are these all there can be?"]),
        (["low", "high"] * 9, {"type": "string"}, []),
        (["web_1", "web_2"] * 20, {"type": "string"}, []),
        (["low"] * 40, {"type": "string"}, []),
        (["low"] * 40 + ["high"], {"type": "string"}, []),
        (
            [{"10.0.0.1": 1, "10.0.0.2": 2}, {"10.0.0.3": 3}],
            {"type": "object", "additionalProperties": {"type": "integer"}},
            ["its keys look like data (3 different ones): a map"],
        ),
        (
            [{f"key_{number}": {"a": number}} for number in range(30)],
            {"type": "object", "additionalProperties": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}},
            ["its keys look like data (30 different ones): a map"],
        ),
        ([{}, {}], {"type": "object"}, ["no fields were seen"]),
    ],
)
def test_what_was_seen_decides_or_a_note_says_that_it_does_not(values: list[JsonValue], schema: JsonValue, notes: list[str]) -> None:
    assert property_of(seen(*values)) == (schema, notes)


@pytest.mark.parametrize("name", ["id", "user_id", "userId", "host", "login", "branch", "short_name"])
def test_names_of_things_are_no_enumeration(name: str) -> None:
    words: list[JsonObject] = [{name: "alpha"}, {name: "beta"}]
    schema, _ = infer_all(words * 20)
    assert schema["properties"] == {name: {"type": "string"}}


def test_a_field_is_required_if_it_was_always_there_and_else_its_share_is_said() -> None:
    schema, notes = infer_all([{"a": 1}, {"a": 2, "b": 1}, {"a": 3, "b": 2}, {"a": 4, "c": 1}])
    assert schema["required"] == ["a"]
    assert notes == {("properties", "b"): ["in 2 of 4"], ("properties", "c"): ["seen only once in 4"]}


def test_more_keys_than_anybody_declares_are_data_and_cost_no_memory() -> None:
    shape = Shape()
    for number in range(MOST_FIELDS * 3):
        shape.add({"x": {f"host{number}x": number}})
    assert not shape.fields["x"].fields
    schema, notes = infer(shape)
    assert schema["properties"] == {"x": {"type": "object", "additionalProperties": {"type": "integer"}}}
    assert notes[("properties", "x")] == ["its keys look like data (more than 200 different ones): a map"]


def test_data_nested_deeper_than_a_document_may_be_is_not_looked_into() -> None:
    value: JsonValue = 1
    for _ in range(DEPTH * 3):
        value = {"x": [value]}
    assert isinstance(value, dict)
    assert SchemaValidator(schema_of(document([value]))).fits(value)


def test_comments_stand_on_the_lines_that_they_are_about() -> None:
    events: list[JsonObject] = [
        {"unit": "web_1", "tags": []},
        {"unit": "web_2", "tags": [], "at": "2026-01-01T00:00:00Z", "repository": {"id": 5}},
    ]
    assert document(events) == (
        "# Inferred from 2 events; the comments say what they do not decide.\n"
        "description: Events of web.alert\n"
        "data:\n"
        "  type: object\n"
        "  required: [unit, tags]\n"
        "  properties:\n"
        "    unit: {type: string}\n"
        "    tags: {type: array}  # no items were seen\n"
        "    at: {type: string, format: date-time}  # seen only once in 2\n"
        "    repository:  # seen only once in 2\n"
        "      type: object\n"
        "      required: [id]\n"
        "      properties:\n"
        "        id: {type: integer}\n"
    )


def test_the_same_events_give_the_same_bytes_whatever_the_hash_seed() -> None:
    program = (
        "from tests.core.observed.test_inferring import document\n"
        "print(document([{'b': i % 3, 'a': {'x%d' % (i % 5): 1}, 'c': ['low', 'high'][i % 2]} for i in range(40)]))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": str(random.randrange(1000)), "PYTHONPATH": "."},
            capture_output=True,
            check=True,
        ).stdout
        for _ in range(2)
    }
    assert len(printed) == 1


def _places(shape: Shape) -> int:
    below = [*shape.fields.values(), *(one for one in (shape.values, shape.items) if one is not None)]
    return 1 + sum(map(_places, below))


def test_what_is_kept_of_events_is_bounded_and_still_takes_them_all() -> None:
    shape = Shape(room=Room(500))
    seen: list[JsonValue] = [{f"a{n % 7}": {f"b{n % 40}": {f"c{n}": [{"d": "x" * 1000, f"e{n}": n}]}}} for n in range(300)]
    for value in seen:
        shape.add(value)
    assert _places(shape) <= 501
    schema, _ = infer(shape)
    assert all(SchemaValidator(schema).fits(value) for value in seen)
    assert Shape().room.left == MOST_PLACES


def test_long_texts_are_not_kept() -> None:
    shape = Shape()
    shape.add({"a": "x" * (LONGEST_TEXT + 1), "b" * 10_000: 1})
    assert not shape.fields["a"].texts.counts
    assert max(map(len, shape.fields)) < 300
