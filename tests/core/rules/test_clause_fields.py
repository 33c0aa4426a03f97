"""The fields of a clause are those of the event that it names, each once, with what stands there."""

import pytest

from attune_core.rules.clause_fields import fields_of
from attune_core.values import JsonObject, JsonValue

ACTIVATION: JsonObject = {
    "event": {"type": "web.alert", "data": {"unit": "db", "tags": ["a", "b"], "odd-name": {"x": None}, "count": 3}},
}


@pytest.mark.parametrize(
    ("clause", "fields"),
    [
        ('event.data.unit == "x" || event.data.unit == "y"', {"event.data.unit": "db"}),
        ("event.data.count > size(event.data.tags)", {"event.data.count": 3, "event.data.tags": ["a", "b"]}),
        ('event.data["odd-name"].x == null', {'event.data["odd-name"].x': None}),
        ('event.data.tags[1] == "b"', {"event.data.tags[1]": "b"}),
        ("has(event.data.count)", {"event.data.count": 3}),
        ("event.data.tags.exists(tag, tag == event.data.unit)", {"event.data.tags": ["a", "b"], "event.data.unit": "db"}),
        ("event.data.?count.orValue(0) > 1", {"event.data.?count": 3}),
        ('event.type in ["web.alert"]', {"event.type": "web.alert"}),
        ("true", {}),
        ("no expression at (", {}),
    ],
)
def test_a_clause_names_its_fields(clause: str, fields: dict[str, JsonValue]) -> None:
    found = fields_of(clause, ACTIVATION)
    assert {one.source: one.value for one in found} == fields
    assert all(one.is_there for one in found)


@pytest.mark.parametrize(
    "clause", ["has(event.data.nothing)", "event.data.tags[5] == 1", "event.data.unit.x == 1", "event.data.?nothing.orValue(0) > 1"]
)
def test_what_is_not_there_is_told(clause: str) -> None:
    (found,) = fields_of(clause, ACTIVATION)
    assert not found.is_there
