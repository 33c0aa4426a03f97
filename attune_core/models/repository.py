"""The document `attune.yaml` at the root of a pack repository: its format, the Attune versions it is written for, and defaults.

Read first by the catalog; signers and limits are settings of the controller, because a repository cannot vouch for itself.
"""

from typing import ClassVar, Literal

from pydantic import Field

from attune_core.models.base import DocumentModel, PositiveDuration
from attune_core.models.policies import Retry
from attune_core.models.version_range import Range


class Defaults(DocumentModel):
    """What actions have that do not say otherwise: policies, which the controller sends along; a pack carries the rest itself."""

    timeout: PositiveDuration | None = Field(None, description="The `timeout` of actions that give none.")
    retry: Retry | None = Field(None, description="The `retry` of actions that give none.")


class RepositoryDocument(DocumentModel):
    """`attune.yaml`."""

    KIND: ClassVar[str] = "repository"

    format: Literal[1] = Field(description="The format of this repository.")
    attune: Range = Field(description="The versions of Attune it is written for.", examples=[">=0.1", ">=0.1,<1"])
    defaults: Defaults = Field(Defaults(), description="What actions have that do not say otherwise.")
