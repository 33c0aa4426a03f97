"""Join tokens: single-use permissions to enrol one name with its labels; the store keeps only their hashes.

Made through POST /v1/join_tokens for an administrator; spent by enrolment.
"""

import base64
import hashlib

from attune_controller.store.ports.agents import Agents
from attune_controller.store.records.credentials import JoinToken
from attune_core.ports import Clock, Random, rfc3339
from attune_core.wire.api import JoinTokenRequest, JoinTokenView
from attune_core.wire.join_token import JoinTokenText


class JoinTokens:
    """Makes the tokens of one controller."""

    def __init__(self, store: Agents, clock: Clock, random: Random, *, public_url: str, authority: str) -> None:
        """Take where agents find the public listener (https://host:port) and the fingerprint of the CA they shall expect there."""
        self._store, self._clock, self._random = store, clock, random
        self._url, self._authority = public_url, authority

    async def permit(self, request: JoinTokenRequest) -> JoinTokenView:
        """Store a permission and return its text, which nobody can read from here again."""
        secret = base64.urlsafe_b64encode(self._random.bytes(32)).rstrip(b"=").decode()
        expires_at = self._clock.now() + request.ttl
        text = JoinTokenText(url=self._url, name=request.name, authority=self._authority, secret=secret).text()
        await self._store.add_join_token(
            JoinToken(token_hash=hash_of(secret), name=request.name, labels=dict(request.labels), expires_at=expires_at)
        )
        return JoinTokenView(token=text, name=request.name, expires_at=rfc3339(expires_at))


def hash_of(secret: str) -> str:
    """Return what the store keeps of a token: sha256, which is enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
