"""What every document model has in common: strict types, no unknown key, no change after it was read.

Used by each model in this package; the catalog turns what pydantic finds into Problems with a place.
"""

from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, PlainSerializer, StringConstraints, WithJsonSchema

from attune_core.quantities import DURATION_PATTERN, SIZE_PATTERN, parse_duration, parse_size, show_duration

#: JSON Schema 2020-12, the only dialect that documents are written in.
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class DocumentModel(BaseModel):
    """A part of a document; validation needs no I/O and never coerces."""

    #: What the document is called in messages and in schemas/; only whole documents have one.
    KIND: ClassVar[str] = ""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, validate_default=False)


def _read_duration(value: object) -> float:
    """Take only texts, because a bare number would not say its unit; numbers are what this model wrote itself."""
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError("a duration is a number with a unit, such as 30s, 5m, 24h or 250ms")


def read_size(value: object) -> int:
    """Take only texts, for the same reason."""
    if isinstance(value, str):
        return parse_size(value)
    raise ValueError("a size is a number with a unit, such as 64KiB, 8MiB or 1GiB")


#: A user of a host, as useradd(8) takes it.
UserName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")]
#: Seconds inside, a text such as `5m` in documents, always longer than nothing.
PositiveDuration = Annotated[
    float,
    Field(gt=0, le=366 * 86_400),
    BeforeValidator(_read_duration),
    PlainSerializer(show_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["30s", "5m", "24h"]}),
]
#: Bytes inside, a text such as `8MiB` in documents.
LogSegmentSize = Annotated[
    int,
    Field(ge=64 << 10, le=1 << 30),
    BeforeValidator(read_size),
    PlainSerializer(lambda size: f"{size}B", return_type=str),
    WithJsonSchema({"type": "string", "pattern": SIZE_PATTERN, "examples": ["64KiB", "8MiB"]}),
]
#: As before, for the memory of processes.
MemorySize = Annotated[
    int,
    Field(ge=16 << 20, le=1 << 50),
    BeforeValidator(read_size),
    PlainSerializer(lambda size: f"{size}B", return_type=str),
    WithJsonSchema({"type": "string", "pattern": SIZE_PATTERN, "examples": ["512MiB", "2GiB"]}),
]
#: What a document says to people; shown in tables and `explain`.
Description = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
#: A text that may hold `${{ }}`; the catalog checks it against its scope.
Template = Annotated[str, StringConstraints(max_length=65_536)]
#: A JSON Schema inside a document; the catalog compiles it.
JsonSchemaObject = Annotated[dict[str, JsonValue], WithJsonSchema({"type": "object", "allOf": [{"$ref": DIALECT}]})]
