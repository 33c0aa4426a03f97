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
#: A pattern of paths inside the pack; `attune_core.locks.sources` reads it.
SourcePattern = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^/\\\x00][^\\\x00]*$")]
ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
VERSION_PATTERN = r"^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$"
Version = Annotated[str, StringConstraints(pattern=VERSION_PATTERN, max_length=64)]


class EnvironmentDocument(DocumentModel):
    """One isolated install: which ecosystem, which interpreters serve, and the lock file that says what is in it."""

    ecosystem: Literal["shell", "python", "node", "go", "rust", "java"] = Field(description="Which language's packages it holds.")
    interpreter: Range | None = Field(
        None, description="Which versions of the interpreter, or of the compiler, serve.", examples=[">=3.11"]
    )
    lock: PackPath | None = Field(
        None,
        description="The lock file in the pack, with hashes; required for every ecosystem that installs something. "
        "Beside it stands the manifest: package.json for node, go.mod for go, Cargo.toml for rust, pom.xml for java.",
        examples=[
            "requirements.lock",
            "pylock.toml",
            "uv.lock",
            "package-lock.json",
            "go/go.sum",
            "rust/Cargo.lock",
            "java/classpath.lock",
        ],
    )
    sources: Annotated[tuple[SourcePattern, ...], Field(strict=False, max_length=64)] = Field(
        (),
        description="Compiled ecosystems: patterns of the files in the pack that the program is made from, below the lock's folder; "
        "`*` stays inside a name, `**` crosses folders. They are part of the environment's key: a changed line builds anew.",
        examples=[["go/**/*.go"]],
    )
    scripts: bool = Field(
        default=False,
        description="Node: also run the packages' install scripts, as the host's build user and without its network settings. "
        "What they do, no hash covers.",
    )


class Requirements(DocumentModel):
    """What the host must bring; looked for on the agent."""

    tools: dict[ToolName, Range] = Field(
        default_factory=dict, max_length=100, description="Program -> the versions that serve.", examples=[{"jq": ">=1.6"}]
    )


class PackDocument(DocumentModel):
    """`packs/<pack>/pack.yaml`."""

    KIND: ClassVar[str] = "pack"

    name: Name = Field(description="The name of the pack's folder.", examples=["web"])
    version: Version = Field(description="The pack's semantic version; raised with every change of its content.", examples=["1.4.0"])
    description: Description = Field(description="What the pack is for, for people.")
    environments: dict[Name, EnvironmentDocument] = Field(
        default_factory=dict, max_length=32, description="The isolated installs that the pack's actions can run in, by name."
    )
    requires: Requirements = Field(Requirements(), description="What the host must bring.")
