"""API tokens on SQLite.

Part of SqliteStore; called by the API's authentication and by `attune controller token`.
"""

from collections.abc import Sequence
from functools import partial
from typing import LiteralString, cast

import apsw

from attune_controller.store.errors import TokenExists
from attune_controller.store.records.credentials import ApiToken
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.statements import Row, execute, row_of, rows_of

_TOKENS: LiteralString = "SELECT token_hash, name, scopes, created_at FROM api_tokens "
_ADD: LiteralString = "INSERT INTO api_tokens (token_hash, name, scopes, created_at) VALUES (?, ?, ?, ?)"


class SqliteCredentials(Connected):
    """See port.Credentials."""

    async def add_api_token(self, token: ApiToken) -> None:
        """See the port."""
        await self._write(partial(_add, token=token))

    async def api_token(self, token_hash: str) -> ApiToken | None:
        """See the port."""
        row = await self._read(lambda connection: row_of(connection, _TOKENS + "WHERE token_hash = ?", token_hash))
        return _token_of(row) if row else None

    async def api_tokens(self) -> Sequence[ApiToken]:
        """See the port."""
        return [_token_of(row) for row in await self._read(lambda connection: rows_of(connection, _TOKENS + "ORDER BY name"))]

    async def remove_api_token(self, name: str) -> bool:
        """See the port."""
        return await self._write(partial(_remove, name=name))


def _add(connection: apsw.Connection, token: ApiToken) -> None:
    try:
        execute(connection, _ADD, token.token_hash, token.name, " ".join(sorted(token.scopes)), token.created_at)
    except apsw.ConstraintError as error:
        raise TokenExists(f"there is a token {token.name}") from error


def _remove(connection: apsw.Connection, name: str) -> bool:
    execute(connection, "DELETE FROM api_tokens WHERE name = ?", name)
    return connection.changes() > 0


def _token_of(row: Row) -> ApiToken:
    token_hash, name, scopes, created_at = cast("tuple[str, str, str, float]", row)
    return ApiToken(token_hash=token_hash, name=name, scopes=frozenset(scopes.split()), created_at=created_at)
