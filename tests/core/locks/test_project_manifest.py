import pytest

from attune_core.locks.mistake import Mistake
from attune_core.locks.project_manifest import outdated_project, required_python
from attune_core.locks.toml_file import read_toml

MANIFEST = """\
[project]
name = "own"
dependencies = [
    "six >= 1.16",
    "Typing_Extensions; python_version < '3.11'",
    "local @ https://x.example/local.whl",
    "not a requirement",
]
"""
UV = 'version = 1\n[[package]]\nname = "own"\nversion = "0"\n[[package]]\nname = "six"\nversion = "{}"\n'
PYLOCK = 'lock-version = "1.0"\n[[packages]]\nname = "six"\nversion = "{}"\n'


@pytest.mark.parametrize("lock", [UV, PYLOCK])
def test_a_lock_in_toml_has_what_its_project_asks_for(lock: str) -> None:
    assert not list(outdated_project(MANIFEST.encode(), lock.format("1.17.0").encode()))
    (old,) = outdated_project(MANIFEST.encode(), lock.format("1.15.0").encode())
    assert (old.line, old.message) == (4, "the lock file has `six` 1.15.0, which is not `>=1.16`")
    assert MANIFEST[slice(*old.stretch or ())] == "six >= 1.16"
    (missing,) = outdated_project(b'[project]\ndependencies = ["idna"]\n', lock.format("1").encode())
    assert (missing.line, missing.message) == (2, "the lock file does not have `idna`")


@pytest.mark.parametrize(("manifest", "lock"), [("[", UV), (MANIFEST, "["), ("project = 1", UV), ("[project]\ndependencies = 1", UV)])
def test_what_cannot_be_read_is_not_compared(manifest: str, lock: str) -> None:
    assert not list(outdated_project(manifest.encode(), lock.encode()))


@pytest.mark.parametrize(
    ("said", "range_"),
    [
        ('requires-python = ">=3.11, <4"', ">=3.11, <4"),
        ('requires-python = "==3.12.*"', "==3.12"),
        ('requires-python = "~=3.11"', None),
        ("requires-python = 3", None),
        ("", None),
        ("[", None),
    ],
)
def test_the_pythons_that_a_lock_is_for_are_a_range_of_documents(said: str, range_: str | None) -> None:
    assert required_python(said.encode()) == range_


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"a" + b".a" * 500_000 + b" = 1", "the file has a name or a text with more than 200 dots"),
        (b"[" + b'"a" . ' * 300 + b"a]", "the file has a name or a text with more than 200 dots"),
        (b"a = {" + b"b.c, " * 300, "the file is no TOML"),
        (b"a = " + b"9" * 5_000, "the file is no TOML"),
        (b"a = " + b"[" * 100_000, "the file is no TOML"),
        (b"a = '\xff'", "the file is not UTF-8 at byte 5"),
    ],
)
def test_a_file_of_toml_that_costs_more_than_it_can_say_is_refused_before_it_is_read(raw: bytes, message: str) -> None:
    found = read_toml(raw)
    assert isinstance(found, Mistake)
    assert found.message.startswith(message)
