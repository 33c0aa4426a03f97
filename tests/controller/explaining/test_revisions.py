"""Revisions: an older catalog is read from the mirror once, however many ask, and one that is gone is None."""

import asyncio

import pytest

from attune_controller.errors import FetchFailed
from attune_controller.explaining.revisions import Revisions
from attune_controller.git_source import Change
from attune_controller.reconcile.active import ActiveCatalog
from attune_core.catalog.load import Loaded, load
from tests.core.catalog.memory_tree import MemoryTree

FILES = {"attune.yaml": b'format: 1\nattune: ">=0.1"\n'}


class CountingMirror:
    """A mirror without some commits, whose git takes too long for others."""

    def __init__(self) -> None:
        self.read: list[str] = []

    async def has(self, commit: str) -> bool:
        if commit == "slow":
            raise FetchFailed("git rev-parse took longer than 5 s")
        return commit != "gone"

    async def last_change(self, commit: str, path: str) -> Change | None:
        raise FetchFailed(f"git log of {path} up to {commit} took longer than 5 s")

    def load(self, commit: str) -> Loaded:
        self.read.append(commit)
        return load(MemoryTree(FILES), commit)


@pytest.fixture
def mirror() -> CountingMirror:
    return CountingMirror()


@pytest.fixture
def revisions(mirror: CountingMirror) -> Revisions:
    active = ActiveCatalog()
    catalog = load(MemoryTree(FILES), "live").catalog
    assert catalog is not None
    active.swap(catalog)
    return Revisions(active, mirror, mirror.load)


async def test_the_active_one_is_not_read_again(revisions: Revisions, mirror: CountingMirror) -> None:
    assert await revisions.catalog("live") is revisions.active
    assert mirror.read == []


async def test_many_who_ask_for_one_older_revision_read_it_once(revisions: Revisions, mirror: CountingMirror) -> None:
    found = await asyncio.gather(*(revisions.catalog("old") for _ in range(20)))
    assert {catalog.revision for catalog in found if catalog} == {"old"}
    assert mirror.read == ["old"]


async def test_what_the_mirror_does_not_have_or_cannot_say_in_time_is_none(revisions: Revisions) -> None:
    assert await revisions.catalog("gone") is None
    assert await revisions.catalog("slow") is None
    assert await revisions.change("live", "rules/a.yaml") is None
