"""What package.json asks for against what its lock file says it was made from; the forms are those that npm 11 wrote."""

import json

import pytest

from attune_core.locks.mistake import MOST
from attune_core.locks.package_manifest import outdated_packages
from attune_core.values import JsonObject


def said(manifest: JsonObject, root: JsonObject) -> list[str]:
    lock: JsonObject = {"lockfileVersion": 3, "packages": {"": root}}
    found = outdated_packages(json.dumps(manifest, indent=2).encode(), json.dumps(lock).encode())
    return [f"{mistake.line}: {mistake.message}" for mistake in found]


def test_the_same_requirements_fit_whatever_their_order_and_white_space() -> None:
    manifest: JsonObject = {
        "name": "x",
        "dependencies": {"b": " ^2.0.0", "a": "1.0.0"},
        "devDependencies": {"c": "*"},
        "peerDependencies": {"e": ""},
        "engines": {"node": ">=18"},
    }
    assert said(manifest, {**manifest, "dependencies": {"a": "1.0.0", "b": "^2.0.0"}}) == []
    assert said({}, {}) == []
    assert said({"dependencies": {}}, {}) == []


def test_npm_keeps_an_optional_dependency_in_one_place_only() -> None:
    twice: JsonObject = {"dependencies": {"a": "^1.0.0"}, "optionalDependencies": {"a": "^1.0.0"}}
    assert said(twice, {"optionalDependencies": {"a": "^1.0.0"}}) == []


@pytest.mark.parametrize("version", ["github:octo/site", "git+https://x.example/a.git", "file:../a", "", 5])
def test_what_npm_writes_in_another_form_is_not_compared(version: str | int) -> None:
    assert said({"dependencies": {"a": version}}, {"dependencies": {"a": "^1.0.0"}}) == []


def test_what_was_added_changed_moved_or_removed_is_said_at_its_place() -> None:
    manifest: JsonObject = {"dependencies": {"a": "^2.0.0", "b": "1"}, "engines": {"node": ">=20"}}
    assert said(manifest, {"dependencies": {"a": "^1.0.0"}, "devDependencies": {"b": "1", "z": "1"}, "engines": {"node": ">=18"}}) == [
        "3: `a` is `^2.0.0` here and `^1.0.0` in package-lock.json",
        "4: `b` is not among the `dependencies` of package-lock.json",
        "None: `z` is among the `devDependencies` of package-lock.json and no longer here",
        "7: `node` is `>=20` here and `>=18` in package-lock.json",
    ]


def test_files_that_are_something_else_are_left_to_other_checks() -> None:
    assert not list(outdated_packages(b"{", b"{}"))
    assert not list(outdated_packages(b"{}", b'{"packages": {"": []}}'))
    assert said({"dependencies": ["a"], "engines": "node"}, {}) == []


def test_many_differences_are_cut() -> None:
    assert len(said({"dependencies": {f"a{number}": "1" for number in range(100)}}, {})) == MOST
