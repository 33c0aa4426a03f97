import pytest

from attune_core.locks.cargo_lock import cargo_lock_mistakes, cargo_toml_mistakes, required_rust
from attune_core.locks.cargo_manifest import outdated_crates
from attune_core.locks.mistake import MOST

INDEX = "registry+https://index.example.org/crates"
SUM = "0123456789abcdef" * 4


def package(name: str, version: str, *more: str) -> str:
    return "\n".join(("[[package]]", f'name = "{name}"', f'version = "{version}"', *more, ""))


def crate(name: str, version: str, source: str = INDEX, checksum: str = SUM) -> str:
    return package(name, version, f'source = "{source}"', f'checksum = "{checksum}"')


OWN = package("probe", "1.0.0", "dependencies = [", ' "itoa",', ' "ryu 1.0.5",', ' "winapi",', "]")
LOCK = "\n".join(
    ("# generated", "version = 4", "", crate("itoa", "1.0.11"), OWN, crate("ryu", "0.2.1"), crate("ryu", "1.0.5"), crate("winapi", "0.3.9"))
)
TOML = """\
[package]
name = "probe"
version = "1.0.0"
rust-version = "1.70"

[dependencies]
itoa = "1.0.9"

[dev-dependencies.fast]
package = "ryu"
version = "^1.0"

[target.'cfg(windows)'.dependencies]
winapi = { version = "0.3", features = ["std"] }
"""


def test_a_package_whose_crates_have_checksums_is_accepted() -> None:
    assert not list(cargo_lock_mistakes(LOCK.encode()))
    assert not list(cargo_lock_mistakes(LOCK.replace("registry+https://", "sparse+https://").encode()))
    assert not list(cargo_toml_mistakes(TOML.encode()))
    assert not list(cargo_toml_mistakes(f"{TOML}[workspace]\n".encode()))
    assert not list(outdated_crates(TOML.encode(), LOCK.encode()))


@pytest.mark.parametrize(
    ("added", "message"),
    [
        (crate("left", "1.0.0", source="git+https://example.org/left#0123"), "`left` does not come from a registry"),
        (crate("left", "1.0.0", source="path+file:///srv/left"), "`left` does not come from a registry"),
        (crate("left", "1.0.0", source="registry+file:///srv/index"), "`left` does not come from a registry"),
        (crate("left", "1.0.0", checksum="0123"), "`left` has no `checksum`"),
        (package("left", "1.0.0", f'source = "{INDEX}"'), "`left` has no `checksum`"),
    ],
)
def test_a_crate_that_leaves_something_open_is_a_mistake_at_its_name(added: str, message: str) -> None:
    raw = f"{LOCK}\n{added}"
    (mistake,) = cargo_lock_mistakes(raw.encode())
    assert mistake.message == message
    assert mistake.line == raw.splitlines().index('name = "left"') + 1
    assert mistake.stretch is not None
    assert raw[slice(*mistake.stretch)] == 'name = "left"'


def test_a_second_package_of_a_folder_is_a_mistake() -> None:
    found = [mistake.message for mistake in cargo_lock_mistakes(f"{LOCK}\n{package('inner', '0.1.0')}".encode())]
    assert found == [
        f"`{name}` is one of 2 packages that come from folders; an environment is made from one" for name in ("probe", "inner")
    ]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "the file has no `version` 3 or 4"),
        (LOCK.replace("version = 4", "version = 2").encode(), "the file has no `version` 3 or 4"),
        (b"version = 3", "the file has no `[[package]]`"),
        (b"version = 3\npackage = 5", "the file has no `[[package]]`"),
        (b"version = \xff", "the file is not UTF-8 at byte 10"),
        (b"version = ", "the file is no TOML: Invalid value (at end of document)"),
        (b"a = " + b"[" * 100_000, "the file is no TOML: "),
        (b"a = " + b"9" * 5_000, "the file is no TOML: "),
        (b"#" * (1 << 20) + b"\n", "the file has more than 1 MiB"),
    ],
)
def test_a_file_that_is_no_lock_is_a_mistake(raw: bytes, message: str) -> None:
    (mistake,) = cargo_lock_mistakes(raw)
    assert mistake.message.startswith(message)


def test_packages_written_otherwise_are_judged_without_a_place() -> None:
    (mistake,) = cargo_lock_mistakes(b'version = 3\npackage = [{name = "left", source = "git+https://example.org"}]')
    assert (mistake.message, mistake.line) == ("`left` does not come from a registry", None)


def test_many_mistakes_are_cut_off() -> None:
    assert len(list(cargo_lock_mistakes(("version = 3\n" + crate("a", "1.0.0", checksum="") * 100).encode()))) == MOST


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("[workspace]\nmembers = ['a']\n", "the file has no `[package]`"),
        (f"{TOML}[workspace]\nmembers = ['a']\n", "`workspace.members`"),
        ("[package", "the file is no TOML"),
    ],
)
def test_a_manifest_of_more_than_one_package_is_a_mistake(raw: str, message: str) -> None:
    (mistake,) = cargo_toml_mistakes(raw.encode())
    assert message in mistake.message


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('version = "1.0.0"', 'version = "1.0.1"', 3, "the package's version is `1.0.1` here and `1.0.0` in Cargo.lock"),
        ('name = "probe"', 'name = "other"', 2, "the package's name is `other` here and `probe` in Cargo.lock"),
        ('itoa = "1.0.9"', 'itoa = "1.0.12"', 7, "Cargo.lock has `itoa` 1.0.11, which is not `1.0.12`"),
        ('itoa = "1.0.9"', 'itoa = "2"', 7, "Cargo.lock has `itoa` 1.0.11, which is not `2`"),
        ('version = "^1.0"', 'version = "^0.3"', 9, "Cargo.lock has `ryu` 0.2.1 and 1.0.5, which is not `^0.3`"),
        ('version = "0.3"', 'version = "0.4"', 14, "Cargo.lock has `winapi` 0.3.9, which is not `0.4`"),
        ('itoa = "1.0.9"', 'itoa = "1"\nleft = "1"', 8, "`left` is not among the dependencies in Cargo.lock"),
        ('itoa = "1.0.9"', "", 6, "`itoa` is among the dependencies in Cargo.lock and no longer here"),
    ],
)
def test_a_lock_older_than_its_manifest_is_told_at_the_line_that_asks(old: str, new: str, line: int, message: str) -> None:
    (mistake,) = outdated_crates(TOML.replace(old, new).encode(), LOCK.encode())
    assert (mistake.message, mistake.line) == (message, line)


@pytest.mark.parametrize("version", ["*", ">=1, <2", "~1.0", "=1.0.11", "1.*", "^1.0.11", "1", " 1.0 ", "0"])
def test_a_range_that_holds_or_is_not_compared_is_no_mistake(version: str) -> None:
    found = list(outdated_crates(TOML.replace("1.0.9", version).encode(), LOCK.encode()))
    assert bool(found) == (version == "0")


def test_files_that_are_no_toml_are_not_compared() -> None:
    for manifest, lock in ((b"[", LOCK.encode()), (TOML.encode(), b"["), (b"a = 1", LOCK.encode()), (TOML.encode(), b"version = 3")):
        assert not list(outdated_crates(manifest, lock))


@pytest.mark.parametrize(
    ("raw", "range_"), [(TOML, ">=1.70"), ('[package]\nrust-version = "1.70-x"', None), ("package = 1", None), ("", None), ("[", None)]
)
def test_the_oldest_rust_stands_in_the_manifest(raw: str, range_: str | None) -> None:
    assert required_rust(raw.encode()) == range_
