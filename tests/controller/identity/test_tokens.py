"""API tokens: scopes and what they imply, removal, and the first one that a new controller writes for its owner."""

import stat
from pathlib import Path

import pytest

from attune_controller.identity.errors import CredentialUnknown, ScopeUnknown
from attune_controller.identity.tokens import ApiTokens
from attune_controller.store.errors import TokenExists
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.records.credentials import ApiToken
from attune_core.ports import SystemRandom
from attune_core.wire.api import Scope
from tests.controller.clocks import StandingClock


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def tokens(store: MemoryStore) -> ApiTokens:
    return ApiTokens(store, StandingClock(), SystemRandom())


@pytest.mark.parametrize(
    ("given", "granted"),
    [
        (["read"], {Scope.READ}),
        (["operate"], {Scope.OPERATE, Scope.READ}),
        (["events:send"], {Scope.EVENTS_SEND}),
        (["events:send", "read"], {Scope.EVENTS_SEND, Scope.READ}),
        (["admin"], set(Scope)),
    ],
)
async def test_a_token_has_its_scopes_and_what_they_imply(tokens: ApiTokens, given: list[str], granted: set[Scope]) -> None:
    _, text = await tokens.create("ci", given)
    caller = await tokens.caller(text)
    assert caller.name == "ci"
    assert caller.scopes == frozenset(granted)
    assert text.startswith("attune_")
    assert len(text) > 40


@pytest.mark.parametrize("given", [[], ["root"], ["read", "READ"], ["read", ""]])
async def test_a_scope_that_does_not_exist_is_refused(tokens: ApiTokens, store: MemoryStore, given: list[str]) -> None:
    with pytest.raises(ScopeUnknown):
        await tokens.create("ci", given)
    assert list(await store.api_tokens()) == []


async def test_the_store_has_only_the_hash(tokens: ApiTokens, store: MemoryStore) -> None:
    _, text = await tokens.create("ci", ["read"])
    assert text.removeprefix("attune_") not in repr(await store.api_tokens())


async def test_names_are_taken_once(tokens: ApiTokens) -> None:
    await tokens.create("ci", ["read"])
    with pytest.raises(TokenExists):
        await tokens.create("ci", ["admin"])


async def test_a_removed_token_is_refused_at_once(tokens: ApiTokens) -> None:
    _, text = await tokens.create("ci", ["read"])
    await tokens.caller(text)
    assert await tokens.remove("ci")
    with pytest.raises(CredentialUnknown):
        await tokens.caller(text)
    assert not await tokens.remove("ci")


@pytest.mark.parametrize("text", ["", "attune_", "attune_AAAA", "hello", "attune_" + "A" * 43])
async def test_an_invented_token_is_refused(tokens: ApiTokens, text: str) -> None:
    await tokens.create("ci", ["read"])
    with pytest.raises(CredentialUnknown):
        await tokens.caller(text)


async def test_a_removal_that_falls_into_a_check_is_not_overlooked() -> None:
    class Overtaken(MemoryStore):
        async def api_token(self, token_hash: str) -> ApiToken | None:
            found = await super().api_token(token_hash)
            await checked.remove("ci")
            return found

    checked = ApiTokens(Overtaken(), StandingClock(), SystemRandom())
    _, text = await checked.create("ci", ["read"])
    await checked.caller(text)  # it was good when it was asked about
    with pytest.raises(CredentialUnknown):
        await checked.caller(text)


async def test_the_first_admin_token_is_written_once_and_only_for_its_owner(tokens: ApiTokens, tmp_path: Path) -> None:
    place = tmp_path / "admin-token"
    assert await tokens.write_first(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    text = place.read_text().strip()
    assert Scope.ADMIN in (await tokens.caller(text)).scopes
    assert not await tokens.write_first(place)
    assert place.read_text().strip() == text
    place.unlink()  # put away somewhere safe
    assert not await tokens.write_first(place)
    assert not place.exists()


async def test_a_crash_before_the_token_was_stored_leaves_none_behind(tokens: ApiTokens, tmp_path: Path) -> None:
    place = tmp_path / "admin-token"
    place.with_name("admin-token.draft").write_text("attune_lost\n")
    assert await tokens.write_first(place)
    assert Scope.ADMIN in (await tokens.caller(place.read_text().strip())).scopes
    assert [path.name for path in tmp_path.iterdir()] == ["admin-token"]


async def test_a_crash_after_the_token_was_stored_is_made_good(tokens: ApiTokens, tmp_path: Path) -> None:
    place, draft = tmp_path / "admin-token", tmp_path / "admin-token.draft"
    await tokens.write_first(place)
    place.replace(draft)
    assert not await tokens.write_first(place)
    assert Scope.ADMIN in (await tokens.caller(place.read_text().strip())).scopes
    draft.write_text("attune_stranger\n")
    await tokens.write_first(place)
    assert not draft.exists()
