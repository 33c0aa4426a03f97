"""A pack's document: its name, its version, the tools it needs and the environments its actions run in.

Read by the catalog; the agent builds what `environments` declares.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from attune_core.models.base import Description, DocumentModel
from attune_core.models.version_range import Range
from attune_core.names import Name

#: A path inside the pack; the catalog refuses absolute ones and `..`.
PackPath = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
VERSION_PATTERN = r"^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$"
Version = Annotated[str, StringConstraints(pattern=VERSION_PATTERN, max_length=64)]


class EnvironmentDocument(DocumentModel):
    """One isolated install: which ecosystem, which interpreters serve, and the lock file that says what is in it."""

    ecosystem: Literal["shell", "python", "node"]
    interpreter: Range | None = None
    #: Required for every ecosystem that installs something; node's manifest is the package.json beside it.
    lock: PackPath | None = None


class Requirements(DocumentModel):
    """What the host must bring; looked for on the agent."""

    tools: dict[ToolName, Range] = Field(default_factory=dict, max_length=100)


class PackDocument(DocumentModel):
    """`packs/<pack>/pack.yaml`."""

    KIND: ClassVar[str] = "pack"

    name: Name
    version: Version
    description: Description
    environments: dict[Name, EnvironmentDocument] = Field(default_factory=dict, max_length=32)
    requires: Requirements = Requirements()
