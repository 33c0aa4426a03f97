"""A Parameter: a JSON Schema (2020-12) plus `secret`, `default` and `optional`; what an action declares and a rule gives.

Read by the catalog (schemas are compiled there), by planning (defaults) and by agents (which values are secrets).
"""

from typing import ClassVar

from pydantic import Field, GetJsonSchemaHandler, JsonValue, ModelWrapValidatorHandler, model_serializer, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from attune_core.models.base import DIALECT, DocumentModel


class Parameter(DocumentModel):
    """One declared parameter. In a document the schema's keywords and the three keys of ours share one mapping."""

    OWN_KEYS: ClassVar[frozenset[str]] = frozenset({"secret", "optional", "default"})

    #: The JSON Schema the value must fit; without our three keys.
    value_schema: dict[str, JsonValue] = Field(default_factory=dict)
    #: Takes only a SecretRef, `${{ secrets.NAME }}`; the value exists only on the agent.
    secret: bool = False
    #: May be left out, and is then absent from the Input.
    optional: bool = False
    #: Used when a rule or command leaves it out; `has_default` tells null from none.
    default: JsonValue = None

    @property
    def has_default(self) -> bool:
        """Tell whether the document gives a default, which may be null."""
        return "default" in self.model_fields_set

    @property
    def required(self) -> bool:
        """Tell whether every Input must have it."""
        return not self.optional and not self.has_default

    @model_validator(mode="wrap")
    @classmethod
    def _split(cls, value: object, read: ModelWrapValidatorHandler["Parameter"]) -> "Parameter":
        if not isinstance(value, dict):
            return read(value)
        own = {key: item for key, item in value.items() if key in cls.OWN_KEYS}
        return read({"value_schema": {key: item for key, item in value.items() if key not in cls.OWN_KEYS}, **own})

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema for editors: a JSON Schema with our keys beside its own."""
        del core_schema, handler
        return {
            "type": "object",
            "description": "A JSON Schema, plus secret, default and optional.",
            "allOf": [{"$ref": DIALECT}],
            "properties": {
                "secret": {
                    "type": "boolean",
                    "default": False,
                    "description": "Takes only `${{ secrets.NAME }}`; the value exists only on the agent.",
                },
                "optional": {"type": "boolean", "default": False, "description": "May be left out, and is then absent from the input."},
                "default": {"description": "Used when a rule or command leaves it out."},
            },
        }

    @model_serializer(mode="plain")
    def _join(self) -> dict[str, JsonValue]:
        written: dict[str, JsonValue] = {**self.value_schema}
        if self.has_default:
            written["default"] = self.default
        if self.secret:
            written["secret"] = True
        if self.optional:
            written["optional"] = True
        return written
