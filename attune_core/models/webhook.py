"""A webhook's document: how its sender is verified and which trigger its events belong to; it is `POST /hooks/<name>`.

Read by the catalog; the controller's hooks act on it.
"""

import re
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, StringConstraints

from attune_core.models.base import Description, DocumentModel, PositiveDuration, Template

#: The whole of `secret`: one of the controller's own secrets, which rules cannot name.
CONTROLLER_SECRET_PATTERN = r"^\$\{\{\s*controller\.secrets\.([a-z][a-z0-9_]{0,62})\s*\}\}$"  # noqa: S105 - a pattern, not a secret
HEADER_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
#: What the expression of `trigger` may give: a part of a reference, or a whole one.
KIND_PATTERN = r"^[a-z][a-z0-9_]{0,62}(\.[a-z][a-z0-9_]{0,62})?$"
#: What is signed: the body, and what stands around it.
SIGNED_PATTERN = r"^[^{}]{0,64}(\{timestamp\}[^{}]{0,64})?\{body\}[^{}]{0,64}$"

Verification: TypeAlias = Literal["github", "gitlab", "slack", "stripe", "standard-webhooks", "hmac", "token", "none"]
ControllerSecret = Annotated[str, StringConstraints(pattern=CONTROLLER_SECRET_PATTERN)]
Header = Annotated[str, StringConstraints(pattern=HEADER_PATTERN)]


class SignedHeader(DocumentModel):
    """Where an HMAC stands and over what it is made, for `verify: hmac`."""

    header: Header = Field(description="The header with the signature.", examples=["X-Signature-256"])
    algorithm: Literal["sha256", "sha512"] = Field("sha256", description="The hash; SHA-1 is not taken.")
    encoding: Literal["hex", "base64"] = Field("hex", description="How the signature is written.")
    prefix: Annotated[str, StringConstraints(max_length=32)] = Field(
        "", description="What stands in the header before the signature.", examples=["sha256="]
    )
    timestamp: Header | None = Field(
        None, description="The header with the time of sending, in seconds since 1970.", examples=["X-Signature-Timestamp"]
    )
    signs: Annotated[str, StringConstraints(pattern=SIGNED_PATTERN)] = Field(
        "{body}", description="What is signed: `{timestamp}` and `{body}`, and the text around them.", examples=["v0:{timestamp}:{body}"]
    )

    def around(self, stamp: str) -> tuple[bytes, bytes]:
        """Return what is signed before and after the body."""
        before, _, after = self.signs.replace("{timestamp}", stamp).partition("{body}")
        return before.encode(), after.encode()


class TokenHeader(DocumentModel):
    """Where a token stands, for `verify: token`."""

    header: Header = Field(description="The header with the token and nothing else.", examples=["X-Auth-Token"])


class WebhookDocument(DocumentModel):
    """`webhooks/<name>.yaml`."""

    KIND: ClassVar[str] = "webhook"

    description: Description | None = Field(None, description="Who sends to it and why, for people.")
    verify: Verification = Field(description="How the sender proves who it is.")
    secret: ControllerSecret | None = Field(
        None,
        description="The controller's own secret that sender and controller share; only `verify: none` has none.",
        examples=["${{ controller.secrets.github }}"],
    )
    previous_secret: ControllerSecret | None = Field(
        None,
        description="The secret before it, still taken while the sender changes to the new one.",
        examples=["${{ controller.secrets.github_before }}"],
    )
    hmac: SignedHeader | None = Field(None, description="How requests are signed; with `verify: hmac`, and only there.")
    token: TokenHeader | None = Field(
        None, description="Where the token stands, with `verify: token`; without it in `Authorization: Bearer`."
    )
    unverified: Literal[True] | None = Field(None, description="Said with `verify: none`: everybody who reaches the address is believed.")
    tolerance: Annotated[PositiveDuration, Field(le=3600)] = Field(
        300.0, description="How far the time that the sender signs may be away, both ways."
    )
    trigger: Template = Field(
        description="The trigger of the events; a text with one `${{ }}` over `headers` and `body` at most.",
        examples=['github.${{ headers["x-github-event"] }}', "alertmanager.notification"],
    )
    allow: Annotated[tuple[Annotated[str, StringConstraints(pattern=KIND_PATTERN)], ...], Field(strict=False, max_length=100)] = Field(
        (), description="The values that the expression in `trigger` may have; others are refused.", examples=[["push", "pull_request"]]
    )
    id: Template | None = Field(
        None,
        description="The delivery's id, over `headers` and `body`; without it what the scheme's senders give, or the body's digest.",
        examples=["${{ body.event_id }}"],
    )
    replay: Literal["refuse", "id"] = Field(
        "refuse",
        description="`refuse`: what was signed before is refused under a new id, and known where there is no id. `id`: it is a new event.",
    )
    body: Literal["json", "form"] = Field("json", description="What the body is, whatever the sender's headers call it.")
    field: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        None, description="The field of a form that holds the event as JSON; without it the fields are the event.", examples=["payload"]
    )
    headers: Annotated[tuple[Header, ...], Field(strict=False, max_length=20)] = Field(
        (), description="Headers that become the event's `data.headers`, by lower-case name.", examples=[["X-Gitlab-Instance"]]
    )

    @property
    def secret_names(self) -> tuple[str, ...]:
        """Return the names of the controller's secrets, that in use first."""
        texts = (self.secret, self.previous_secret)
        return tuple(found[1] for text in texts if text is not None and (found := re.fullmatch(CONTROLLER_SECRET_PATTERN, text)))
