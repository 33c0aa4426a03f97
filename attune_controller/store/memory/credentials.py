"""API tokens in memory.

Part of MemoryStore.
"""

from collections.abc import Sequence

from attune_controller.store.errors import TokenExists
from attune_controller.store.memory.opened import Opened
from attune_controller.store.records.credentials import ApiToken


class MemoryCredentials(Opened):
    """See port.Credentials."""

    async def add_api_token(self, token: ApiToken) -> None:
        """See the port."""
        tokens = self.tables.api_tokens
        if token.name in tokens or any(known.token_hash == token.token_hash for known in tokens.values()):
            raise TokenExists(f"there is a token {token.name}")
        tokens[token.name] = token

    async def api_token(self, token_hash: str) -> ApiToken | None:
        """See the port."""
        return next((token for token in self.tables.api_tokens.values() if token.token_hash == token_hash), None)

    async def api_tokens(self) -> Sequence[ApiToken]:
        """See the port."""
        return [token for _, token in sorted(self.tables.api_tokens.items())]

    async def remove_api_token(self, name: str) -> bool:
        """See the port."""
        return self.tables.api_tokens.pop(name, None) is not None
