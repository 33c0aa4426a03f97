"""The controller's own secrets: what stands in the files now, however often they are asked for."""

from collections.abc import Callable
from pathlib import Path

import pytest

import attune_controller.secrets as module
from attune_controller.errors import SecretUnusable
from attune_controller.identity.private_file import read_private
from attune_controller.secrets import ControllerSecrets


@pytest.fixture(autouse=True)
def each_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK", 0.0)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    found = tmp_path / "github"
    found.write_bytes(b"one\n")
    found.chmod(0o600)
    return found


def _replace(place: Path) -> None:
    fresh = place.with_name("fresh")
    fresh.write_bytes(b"two\n")
    fresh.chmod(0o600)
    fresh.replace(place)


CHANGES: dict[str, tuple[Callable[[Path], object], bytes | None]] = {
    "replaced": (_replace, b"two"),
    "longer": (lambda place: place.write_bytes(b"longer\n"), b"longer"),
    "gone": (lambda place: place.unlink(), None),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_kept_value_is_not_given_once_its_file_is_another(place: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLED", -1.0)
    secrets = ControllerSecrets(place.parent)
    assert [secrets.get("github"), secrets.get("github")] == [b"one", b"one"]
    alter, expected = CHANGES[change]
    alter(place)
    assert secrets.get("github") == expected


def test_a_kept_value_is_not_given_once_others_may_read_its_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLED", -1.0)
    secrets = ControllerSecrets(place.parent)
    assert secrets.get("github") == b"one"
    place.chmod(0o644)
    with pytest.raises(SecretUnusable):
        secrets.get("github")


def test_a_file_is_read_once_while_it_stays_as_it_is(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLED", -1.0)
    reads: list[str] = []

    def read(path: str, limit: int) -> bytes:
        reads.append(path)
        return read_private(path, limit)

    monkeypatch.setattr(module, "read_private", read)
    secrets = ControllerSecrets(place.parent)
    assert {secrets.get("github") for _ in range(5)} == {b"one"}
    assert len(reads) == 1


def test_who_asks_at_the_same_moment_shares_a_look_and_who_asks_later_takes_another(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLED", -1.0)
    monkeypatch.setattr(module, "LOOK", 3600.0)
    secrets = ControllerSecrets(place.parent)
    assert secrets.get("github") == b"one"
    _replace(place)
    assert secrets.get("github") == b"one"
    monkeypatch.setattr(module, "LOOK", 0.0)
    assert secrets.get("github") == b"two"


def test_a_file_that_was_just_written_is_read_each_time_for_its_time_may_not_tell_the_next_change(place: Path) -> None:
    secrets = ControllerSecrets(place.parent)
    for word in (b"one", b"two", b"six"):
        place.write_bytes(word)
        assert secrets.get("github") == word


def test_no_more_values_are_kept_than_are_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLED", -1.0)
    monkeypatch.setattr(module, "KEPT", 1)
    other = place.with_name("gitlab")
    other.write_bytes(b"other")
    other.chmod(0o600)
    secrets = ControllerSecrets(place.parent)
    assert [secrets.get(name) for name in ("github", "gitlab", "github", "gitlab")] == [b"one", b"other", b"one", b"other"]
