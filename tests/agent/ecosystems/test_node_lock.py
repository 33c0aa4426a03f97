import json

import pytest

from attune_agent.ecosystems.node_lock import check_package_lock
from attune_agent.preparation_errors import LockRefused
from attune_core.values import JsonObject

STRONG = "sha512-" + "a" * 86 + "=="


def lock(entry: JsonObject, place: str = "node_modules/a", manifest: bytes = b"{}") -> None:
    packages: JsonObject = {"": {"name": "x"}, place: {"version": "1.0.0", "integrity": STRONG, **entry}}
    check_package_lock(manifest, json.dumps({"lockfileVersion": 3, "packages": packages}).encode())


def test_packages_of_a_registry_with_a_hash_are_accepted() -> None:
    lock({})
    lock({"resolved": "https://registry.npmjs.org/b/-/b-1.tgz", "dev": True}, "node_modules/@scope/a/node_modules/b.c")
    lock({"inBundle": True, "integrity": None}, "node_modules/a/node_modules/b")
    check_package_lock(b"{}", json.dumps({"lockfileVersion": 2, "packages": {"": {}}}).encode())


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"integrity": None}, "has no `integrity`"),
        ({"integrity": "sha1-" + "a" * 27 + "="}, "has no `integrity`"),
        ({"integrity": "sha512-"}, "has no `integrity`"),
        ({"integrity": 5}, "has no `integrity`"),
        ({"resolved": "git+ssh://git@example.org/a.git#1234"}, "does not come from a registry"),
        ({"resolved": "file:../a.tgz"}, "does not come from a registry"),
        ({"resolved": ["https://"]}, "does not come from a registry"),
        ({"link": True}, "is no package of a registry"),
    ],
)
def test_an_entry_that_leaves_something_open_is_refused(entry: JsonObject, why: str) -> None:
    with pytest.raises(LockRefused) as refused:
        lock(entry)
    assert "node_modules/a" in refused.value.message
    assert why in refused.value.message


@pytest.mark.parametrize(
    "place", ["packages/a", "../a", "node_modules/../../a", "/etc", "node_modules/", "node_modules/a/../b", "node_modules/.."]
)
def test_a_place_outside_node_modules_is_refused(place: str) -> None:
    with pytest.raises(LockRefused, match="a folder"):
        lock({}, place)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"lockfileVersion": 1, "dependencies": {}}',
        b'{"lockfileVersion": 3}',
        b'{"lockfileVersion": 3, "packages": []}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_lock_of_npm_7_or_later_is_refused(raw: bytes) -> None:
    with pytest.raises(LockRefused):
        check_package_lock(b"{}", raw)


def test_an_entry_that_is_no_object_is_refused() -> None:
    with pytest.raises(LockRefused):
        check_package_lock(b"{}", b'{"lockfileVersion": 3, "packages": {"node_modules/a": "1.0.0"}}')


def test_workspaces_are_refused() -> None:
    with pytest.raises(LockRefused, match="workspaces"):
        lock({}, manifest=b'{"workspaces": ["a"]}')
