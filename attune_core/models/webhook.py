"""A webhook's document: how its sender is verified and which trigger its events belong to; it is `POST /hooks/<name>`.

Read by the catalog; the controller's hooks act on it.
"""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from attune_core.models.base import Description, DocumentModel, Template
from attune_core.names import Name

#: The whole of `secret`: one of the controller's own secrets, which rules cannot name.
CONTROLLER_SECRET_PATTERN = r"^\$\{\{\s*controller\.secrets\.([a-z][a-z0-9_]{0,62})\s*\}\}$"  # noqa: S105 - a pattern, not a secret


class WebhookDocument(DocumentModel):
    """`webhooks/<name>.yaml`."""

    KIND: ClassVar[str] = "webhook"

    description: Description | None = Field(None, description="Who sends to it and why, for people.")
    verify: Literal["github"] = Field(description="How the sender proves who it is.")
    secret: Annotated[str, StringConstraints(pattern=CONTROLLER_SECRET_PATTERN)] = Field(
        description="The controller's own secret that sender and controller share.", examples=["${{ controller.secrets.github }}"]
    )
    trigger: Template = Field(
        description="A text with `${{ }}` over `headers` whose result is the trigger of the event.",
        examples=['github.${{ headers["x-github-event"] }}'],
    )
    allow: Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=100)] = Field(
        description="The values that the event header may have; it is not signed.", examples=[["push", "pull_request"]]
    )
    replay: Literal["refuse", "id"] = Field(
        "refuse", description="`refuse`: the same body under a new delivery id is refused. `id`: it is a new event."
    )

    @property
    def secret_name(self) -> str:
        """Return the name of the controller's secret."""
        found = re.fullmatch(CONTROLLER_SECRET_PATTERN, self.secret)
        return found[1] if found else ""
