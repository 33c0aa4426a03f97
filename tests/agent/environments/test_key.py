import pytest

from attune_agent.environments.key import EnvironmentKey, key_of, this_machine
from attune_core.version import VERSION

PARTS: dict[str, dict[str, str]] = {
    "settings": {"recipe": "1"},
    "versions": {"python": "3.11.2", "uv": "0.13.9"},
    "machine": {"arch": "x86_64"},
}


def key(part: str = "settings", name: str = "recipe", value: str = "1", files: dict[str, bytes] | None = None) -> EnvironmentKey:
    parts = {**PARTS, part: {**PARTS[part], name: value}}
    return key_of("python", files=files or {"r.lock": b"six==1.16.0"}, **parts)


def test_the_same_parts_give_the_same_key_and_sixteen_digits_name_the_folder() -> None:
    assert key() == key()
    assert len(key().digest) == 64
    assert key().folder == key().digest[:16]


@pytest.mark.parametrize(
    "change", [("versions", "python", "3.11.3"), ("versions", "uv", "1"), ("machine", "arch", "arm"), ("settings", "recipe", "2")]
)
def test_every_part_changes_the_key(change: tuple[str, str, str]) -> None:
    assert key(*change).digest != key().digest


@pytest.mark.parametrize(
    "files", [{"r.lock": b"six==1.17.0"}, {"other.lock": b"six==1.16.0"}, {"r.lock": b"six==1.16.0", "package.json": b""}]
)
def test_every_file_changes_the_key(files: dict[str, bytes]) -> None:
    assert key(files=files).digest != key().digest


def test_attunes_own_version_is_no_part() -> None:
    assert VERSION not in str(key().parts)
    assert set(this_machine()) == {"os", "arch", "libc"}
