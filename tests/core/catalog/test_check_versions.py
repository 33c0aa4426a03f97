"""Versions of packs against a base: only changed content asks for a greater one, in the order of semantic versions."""

from itertools import pairwise

import pytest

from attune_core.catalog.catalog import Catalog
from attune_core.catalog.check_versions import check_versions, is_later
from attune_core.catalog.load import load
from tests.core.catalog.memory_tree import MemoryTree


def catalog(version: str, **content: bytes) -> Catalog:
    pack = f"name: web\nversion: {version}\ndescription: x\n".encode()
    files = {"attune.yaml": b'format: 1\nattune: ">=0.1"\n', "packs/web/pack.yaml": pack}
    found = load(MemoryTree(files | {f"packs/web/{name}": text for name, text in content.items()})).catalog
    assert found is not None
    return found


def test_the_same_content_needs_no_version() -> None:
    assert check_versions(catalog("1.0.0", a=b"1"), catalog("1.0.0", a=b"1")) == ()


@pytest.mark.parametrize("now", ["1.1.0", "1.0.9", "1.1.0-rc.1", "1.1.0+build"])
def test_other_content_needs_a_greater_version(now: str) -> None:
    assert [problem.code for problem in check_versions(catalog(now, a=b"2"), catalog("1.1.0", a=b"1"))] == ["ATT187"]


@pytest.mark.parametrize("now", ["1.1.1", "1.1.1-rc.1", "2.0.0"])
def test_with_a_greater_version_other_content_is_fine(now: str) -> None:
    assert check_versions(catalog(now, a=b"2"), catalog("1.1.0", a=b"1")) == ()


def test_a_version_that_went_back_is_said() -> None:
    (problem,) = check_versions(catalog("1.0.9", a=b"2"), catalog("1.1.0", a=b"1"))
    assert problem.message == "the content of `web` changed, but its version went from 1.1.0 to 1.0.9"
    assert problem.hint == "raise `version`, for example to 1.1.1"
    assert problem.span is not None
    assert problem.span.line == 2


def test_a_new_pack_and_a_removed_one_need_nothing() -> None:
    without = load(MemoryTree({"attune.yaml": b'format: 1\nattune: ">=0.1"\n'})).catalog
    assert without is not None
    assert check_versions(catalog("1.0.0"), without) == check_versions(without, catalog("1.0.0")) == ()


def test_versions_are_in_the_order_of_the_specification() -> None:
    rising = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"]
    for before, after in pairwise([*rising, "1.0.9", "1.0.10", "1.10.0", "2.0.0"]):
        assert is_later(after, before)
        assert not is_later(before, after)
    assert not is_later("1.0.0+later", "1.0.0+earlier")
