import json

import pytest

from attune_core.locks.mistake import MOST, Mistake
from attune_core.locks.package_lock import manifest_mistakes, package_lock_mistakes
from attune_core.values import JsonObject

STRONG = "sha512-" + "a" * 86 + "=="


def lock(packages: JsonObject) -> str:
    return json.dumps({"lockfileVersion": 3, "packages": {"": {"name": "x"}, **packages}}, indent=2, ensure_ascii=False)


def mistakes(entry: JsonObject, place: str = "node_modules/a") -> list[str]:
    raw = lock({place: {"version": "1.0.0", "integrity": STRONG, **entry}}).encode()
    return [mistake.message for mistake in package_lock_mistakes(raw)]


def test_packages_of_a_registry_with_a_hash_are_accepted() -> None:
    assert not mistakes({})
    assert not mistakes({"resolved": "https://npm.example.org/b/-/b-1.tgz", "dev": True}, "node_modules/@scope/a/node_modules/b.c")
    inside: JsonObject = {"version": "1.0.0", "inBundle": True}
    bundling: JsonObject = {"version": "1.0.0", "integrity": STRONG, "bundleDependencies": ["b"]}
    places: JsonObject = {
        "node_modules/a": bundling,
        "node_modules/a/node_modules/b": inside,
        "node_modules/a/node_modules/b/node_modules/c": inside,
    }
    assert not list(package_lock_mistakes(lock(places).encode()))
    assert not list(package_lock_mistakes(json.dumps({"lockfileVersion": 2, "packages": {"": {}}}).encode()))


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"integrity": None}, "has no `integrity`"),
        ({"integrity": "sha1-" + "a" * 27 + "="}, "has no `integrity`"),
        ({"integrity": "sha512-"}, "has no `integrity`"),
        ({"integrity": 5}, "has no `integrity`"),
        ({"integrity": None, "inBundle": True}, "has no `integrity`"),
        ({"resolved": "git+ssh://git@example.org/a.git#1234"}, "does not come from a registry"),
        ({"resolved": "file:../a.tgz"}, "does not come from a registry"),
        ({"resolved": ["https://"]}, "does not come from a registry"),
        ({"link": True}, "is no package of a registry"),
    ],
)
def test_an_entry_that_leaves_something_open_is_a_mistake(entry: JsonObject, why: str) -> None:
    (message,) = mistakes(entry)
    assert "node_modules/a" in message
    assert why in message


def test_a_part_of_another_packages_archive_has_a_package_above_it_that_bundles() -> None:
    above: JsonObject = {"version": "1.0.0", "integrity": STRONG}
    found = package_lock_mistakes(lock({"node_modules/a": above, "node_modules/a/node_modules/b": {"inBundle": True}}).encode())
    assert [mistake.message for mistake in found] == [
        "'node_modules/a/node_modules/b' is said to be in the archive of a package that bundles nothing"
    ]


@pytest.mark.parametrize(
    "place", ["packages/a", "../a", "node_modules/../../a", "/etc", "node_modules/", "node_modules/a/../b", "node_modules/.."]
)
def test_a_place_outside_node_modules_is_a_mistake(place: str) -> None:
    (message,) = mistakes({}, place)
    assert "a folder" in message


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"lockfileVersion": 1, "dependencies": {}}',
        b'{"lockfileVersion": 3}',
        b'{"lockfileVersion": 3, "packages": []}',
        b'{"lockfileVersion": 3, "packages": {}, "packages": {}}',
        b'{"lockfileVersion": 3, "packages": {"\xff": {}}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_lock_of_npm_7_or_later_is_one_mistake_of_the_whole_file(raw: bytes) -> None:
    assert [(mistake.line, mistake.stretch) for mistake in package_lock_mistakes(raw)] == [(None, None)]


def test_every_mistake_has_its_line_and_its_stretch() -> None:
    text = lock({"node_modules/é": {}, "node_modules/b": {"integrity": STRONG}, "node_modules/c": "1.0.0", "node_modules/d": {}})
    found = list(package_lock_mistakes(text.encode()))
    places = [(mistake.line, text[slice(*mistake.stretch or ())]) for mistake in found]
    assert places == [(7, '"node_modules/é"'), (11, '"node_modules/c"'), (12, '"node_modules/d"')]
    assert found[2].within("package-lock.json") == "package-lock.json:12: 'node_modules/d' has no `integrity` with sha512"


def test_a_key_that_is_written_with_escapes_is_a_mistake_without_a_place() -> None:
    (mistake,) = package_lock_mistakes(b'{"lockfileVersion": 3, "packages": {"node_modules\\/a": {}}}')
    assert mistake == Mistake(message="'node_modules/a' has no `integrity` with sha512")


def test_there_are_never_more_than_the_bound() -> None:
    raw = lock({f"node_modules/a{number}": {} for number in range(1000)}).encode()
    assert len(list(package_lock_mistakes(raw))) == MOST


def test_a_manifest_has_no_workspaces() -> None:
    assert not list(manifest_mistakes(b'{"name": "x", "dependencies": {"workspaces": "1"}}'))
    (mistake,) = manifest_mistakes(b'{\n"workspaces": ["a"]}')
    assert (mistake.line, mistake.stretch) == (2, (2, 14))


@pytest.mark.parametrize("raw", [b"", b"[]", b"{'a': 1}", b"\xff"])
def test_a_manifest_is_a_json_object(raw: bytes) -> None:
    assert [mistake.line for mistake in manifest_mistakes(raw)] == [None]
