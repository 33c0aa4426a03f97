"""A trigger's document: a declared kind of event with the JSON Schema (2020-12) of its data.

Read by the catalog; intake checks each event against it and the expression checker takes its types from it.
"""

from typing import ClassVar

from pydantic import Field

from attune_core.models.base import Description, DocumentModel, JsonSchemaObject


class TriggerDocument(DocumentModel):
    """`packs/<pack>/triggers/<name>.yaml`."""

    KIND: ClassVar[str] = "trigger"

    description: Description = Field(description="When such an event comes, for people.")
    data: JsonSchemaObject = Field(
        description="The JSON Schema (2020-12) of the event's data, which are always an object.",
        examples=[{"type": "object", "required": ["unit"], "properties": {"unit": {"type": "string"}}}],
    )
