"""Fields of a Result that its schema marks: masked wherever they are, whatever the schema's shape; and typed as what is left."""

import pytest

from attune_core.json_schema import SchemaValidator
from attune_core.secret_fields import has_secret_fields, mask_fields, masked_schema
from attune_core.values import JsonObject, JsonValue

SECRET: JsonObject = {"type": "integer", "secret": True}
ONE: JsonObject = {"properties": {"key": SECRET}}
DEEP: JsonObject = {"properties": {"key": {"$ref": "#/$defs/whole"}, "next": {"$ref": "#"}}, "$defs": {"whole": {"allOf": [ONE]}}}


@pytest.mark.parametrize(
    ("schema", "value", "shown"),
    [
        (ONE, {"key": 5, "other": 6}, {"key": "***", "other": 6}),
        (ONE, {"key": None}, {"key": "***"}),
        (ONE, {"key": {"deep": [1]}}, {"key": "***"}),
        (ONE, {}, {}),
        (ONE, [{"key": 5}], [{"key": 5}]),
        (ONE, "text", "text"),
        ({"items": ONE}, [{"key": 5}, 7], [{"key": "***"}, 7]),
        ({"prefixItems": [{}, ONE], "items": {}}, [{"key": 1}, {"key": 2}, {"key": 3}], [{"key": 1}, {"key": "***"}, {"key": 3}]),
        ({"contains": ONE}, [{"key": 1}], [{"key": "***"}]),
        (
            {"additionalProperties": ONE, "properties": {"a": {}}},
            {"a": {"key": 1}, "b": {"key": 2}},
            {"a": {"key": 1}, "b": {"key": "***"}},
        ),
        ({"patternProperties": {"^x": ONE}}, {"x": {"key": 1}, "y": {"key": 2}}, {"x": {"key": "***"}, "y": {"key": "***"}}),
        ({"oneOf": [{"type": "null"}, ONE]}, {"key": 1}, {"key": "***"}),
        ({"anyOf": [{"required": ["other"]}, ONE]}, {"key": 1}, {"key": "***"}),
        ({"if": {"required": ["x"]}, "then": ONE, "else": {}}, {"key": 1}, {"key": "***"}),
        ({"dependentSchemas": {"x": ONE}}, {"key": 1}, {"key": "***"}),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": ONE}}, {"key": 1}, {"key": "***"}),
        ({"$ref": "#"}, {"key": 1}, {"key": 1}),
        (
            DEEP,
            {"key": {"key": 1}, "next": {"next": {"key": {"key": 2}}}},
            {"key": {"key": "***"}, "next": {"next": {"key": {"key": "***"}}}},
        ),
        ({"properties": {"secret": {"type": "string"}}}, {"secret": "shown"}, {"secret": "shown"}),
        ({"properties": {"secret": True}}, {"secret": "shown"}, {"secret": "shown"}),
        ({"properties": {"key": {"secret": False}}}, {"key": 1}, {"key": 1}),
        ({"const": {"secret": True}}, {"secret": True}, {"secret": True}),
    ],
)
def test_what_is_marked_is_masked_and_nothing_else(schema: JsonObject, value: JsonValue, shown: JsonValue) -> None:
    assert mask_fields(value, schema) == shown


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (ONE, {"key": 5}),
        ({"type": "object", "required": ["key"], "additionalProperties": False, **ONE}, {"key": 5}),
        ({"items": {"properties": {"key": {"enum": [1, 2], "secret": True}}}}, [{"key": 1}, {"key": 2}]),
        (DEEP, {"key": {"key": 1}, "next": {"key": {"key": 2}}}),
        ({"properties": {"secret": {"const": {"secret": True}}}}, {"secret": {"secret": True}}),
    ],
)
def test_what_is_left_fits_the_masked_schema(schema: JsonObject, value: JsonValue) -> None:
    assert SchemaValidator(schema).fits(value)
    assert SchemaValidator(masked_schema(schema)).fits(mask_fields(value, schema))


def test_only_a_schema_that_marks_something_is_walked() -> None:
    assert has_secret_fields(ONE)
    assert not has_secret_fields({"properties": {"secret": True, "other": {"default": {"secret": True}}}})
    assert not has_secret_fields(None)
