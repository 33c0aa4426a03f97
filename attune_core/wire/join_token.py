"""Join token: the one pasteable line that lets a host become an agent; it carries whom to call and which CA to expect there.

Made by attune_controller.identity.join_tokens, read by the agent's join. Only `secret` is secret: it is what `frames.Enrolment` sends back,
and the controller keeps no more than its hash.
"""

import base64
import binascii
import re

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from attune_core.errors import AttuneError, Blame
from attune_core.names import AgentName
from attune_core.values import JsonRefused, parse_json

PREFIX = "attune-join."
#: Characters of the whole line.
TOKEN_LIMIT = 2048

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+\Z")


class JoinTokenUnreadable(AttuneError):
    """The text is not a whole join token."""

    code, blame = "ATT520", Blame.AUTHOR
    remedy = f"paste the one line that `attune agent invite NAME` printed, from {PREFIX} to its end, without spaces or line breaks"


class JoinTokenText(BaseModel):
    """What the line holds. url: https://host:port of the public listener; authority: sha256 (hex) over the CA certificate's DER."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: int = Field(default=1, ge=1, le=1)
    url: str = Field(max_length=512, pattern=r"^https?://[^\s/?#@]+$")
    name: AgentName
    authority: str = Field(pattern=r"^[0-9a-f]{64}$")
    secret: str = Field(min_length=32, max_length=256, pattern=r"^[A-Za-z0-9_-]+$")

    def text(self) -> str:
        """Return the line."""
        return PREFIX + base64.urlsafe_b64encode(self.model_dump_json().encode()).rstrip(b"=").decode()


def read_join_token(line: str) -> JoinTokenText:
    """Read a line as somebody pasted it, with white space around it; `JoinTokenUnreadable` never repeats any of it."""
    body = line.strip().removeprefix(PREFIX)
    if len(line) > TOKEN_LIMIT or not line.strip().startswith(PREFIX) or not _BASE64URL.match(body):
        raise JoinTokenUnreadable
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        return JoinTokenText.model_validate(parse_json(raw))
    except (binascii.Error, JsonRefused, ValidationError):
        # `from None`: the cause would carry parts of the secret into a traceback.
        raise JoinTokenUnreadable from None
