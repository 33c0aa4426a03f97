"""API tokens: who may do what with the /v1 API and /events; the store keeps only their hashes.

Checked by the API's guard at every request; made and removed through /v1/tokens; the first one is written by the composition root.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from attune_controller.identity.errors import CredentialUnknown, ScopeUnknown
from attune_controller.identity.join_tokens import hash_of
from attune_controller.identity.private_file import sync_folder, write_private
from attune_controller.store.ports.agents import Credentials
from attune_controller.store.records.credentials import ApiToken
from attune_core.ports import Clock, Random
from attune_core.wire.api import Scope

TOKEN_PREFIX = "attune_"  # noqa: S105 - what every token begins with, so that scanners find leaked ones

_IMPLIED = {Scope.ADMIN: frozenset(Scope), Scope.OPERATE: frozenset({Scope.OPERATE, Scope.READ})}


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whom a credential belongs to and what it may do, implied scopes included."""

    name: str
    scopes: frozenset[Scope]


class ApiTokens:
    """The tokens of one controller; the only writer, so what it remembers of the store stays true."""

    def __init__(self, store: Credentials, clock: Clock, random: Random) -> None:
        """Take the store, the clock for labels and where secrets come from."""
        self._store, self._clock, self._random = store, clock, random
        self._known: dict[str, Caller] = {}

    async def caller(self, token: str) -> Caller:
        """Return whose token this is; `CredentialUnknown`. Only tokens that exist are remembered, so strangers cannot fill the memory."""
        token_hash = hash_of(token)
        if known := self._known.get(token_hash):
            return known
        memory = self._known
        stored = await self._store.api_token(token_hash) if token.startswith(TOKEN_PREFIX) else None
        if stored is None:
            raise CredentialUnknown
        caller = Caller(name=stored.name, scopes=granted(Scope(scope) for scope in stored.scopes))
        # `remove` puts another dictionary in place: what was read before a removal is then not remembered after it.
        memory[token_hash] = caller
        return caller

    async def create(self, name: str, scopes: Iterable[str]) -> tuple[ApiToken, str]:
        """Store a new token and return it with its text, which cannot be read from here again; `ScopeUnknown`, `TokenExists`."""
        text = self._new_text()
        stored = self._record(name, checked_scopes(scopes), text)
        await self._store.add_api_token(stored)
        return stored, text

    async def remove(self, name: str) -> bool:
        """Remove a token; from then on it is refused. False when there is none."""
        removed = await self._store.remove_api_token(name)
        self._known = {key: caller for key, caller in self._known.items() if caller.name != name}
        return removed

    async def write_first(self, place: Path) -> bool:
        """At a start without any admin token, make one and write it to `place` (0600); tell whether it did.

        The file gets its name only after the token is stored: a crash between the two leaves neither a token that nobody knows nor a
        text that opens nothing.
        """
        draft = place.with_name(place.name + ".draft")
        if admins := [token for token in await self._store.api_tokens() if Scope.ADMIN in token.scopes]:
            if draft.is_file():
                self._finish(draft, place, admins)
            return False
        text = self._new_text()
        write_private(draft, text.encode() + b"\n")
        await self._store.add_api_token(self._record("admin", frozenset({Scope.ADMIN}), text))
        draft.replace(place)
        sync_folder(place.parent)
        return True

    @staticmethod
    def _finish(draft: Path, place: Path, admins: Iterable[ApiToken]) -> None:
        if any(hash_of(draft.read_text().strip()) == token.token_hash for token in admins):
            draft.replace(place)
        else:
            draft.unlink()
        sync_folder(place.parent)

    def _new_text(self) -> str:
        return TOKEN_PREFIX + base64.urlsafe_b64encode(self._random.bytes(32)).rstrip(b"=").decode()

    def _record(self, name: str, scopes: frozenset[Scope], text: str) -> ApiToken:
        return ApiToken(
            token_hash=hash_of(text),
            name=name,
            scopes=frozenset(scope.value for scope in scopes),
            created_at=self._clock.now(),
        )


def checked_scopes(texts: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes that are meant; `ScopeUnknown` for none or for one that does not exist."""
    scopes: set[Scope] = set()
    for text in texts:
        if text not in {scope.value for scope in Scope}:
            raise ScopeUnknown(f"there is no scope {text[:64]!r}")
        scopes.add(Scope(text))
    if not scopes:
        raise ScopeUnknown("no scope was given")
    return frozenset(scopes)


def granted(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """Return scopes with what they imply: admin everything, operate also read."""
    return frozenset().union(*(_IMPLIED.get(scope, frozenset({scope})) for scope in scopes))
