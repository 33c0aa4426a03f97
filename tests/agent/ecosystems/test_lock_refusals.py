"""Ecosystems refuse with the first mistake and its line; what a mistake is, is told in tests/core/locks."""

import json
import re

import pytest

from attune_agent.ecosystems.lock_files import refuse_open_lock
from attune_agent.ecosystems.protocol import Wanted
from attune_agent.ecosystems.table import ECOSYSTEMS
from attune_agent.preparation_errors import LockRefused, SourcesRefused
from attune_core.models.pack import EnvironmentDocument

PYTHON = EnvironmentDocument(ecosystem="python", lock="requirements.lock")
NODE = EnvironmentDocument(ecosystem="node", lock="package-lock.json")
RUST = {"Cargo.lock": b'version = 4\n[[package]]\nname = "probe"\nversion = "1.0.0"\n', "Cargo.toml": b"[package]"}
JAVA = {"classpath.lock": b""}
HASH = "--hash=sha256:" + "1" * 64
STRONG = "sha512-" + "a" * 86 + "=="
LOCK = json.dumps({"lockfileVersion": 3, "packages": {"": {}, "node_modules/a": {"version": "1.0.0", "integrity": STRONG}}}, indent=2)


def test_locks_that_leave_nothing_open_are_accepted() -> None:
    refuse_open_lock(PYTHON, {"requirements.lock": f"six==1.16.0 {HASH}\n".encode()})
    refuse_open_lock(NODE, {"package.json": b"{}", "package-lock.json": LOCK.encode()})


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (f"a==1 {HASH}\nsix==1.16.0\nseven\n".encode(), "requirements.lock:2: 'six==1.16.0' has no --hash=sha256:…"),
        (b"six\xff==1", "requirements.lock: the file is not UTF-8 at byte 3"),
    ],
)
def test_a_requirements_file_is_refused_with_its_first_mistake(raw: bytes, message: str) -> None:
    with pytest.raises(LockRefused) as refused:
        refuse_open_lock(PYTHON, {"requirements.lock": raw})
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("manifest", "lock", "message"),
    [
        ("{}", LOCK.replace(STRONG, "sha1-a"), "package-lock.json:5: 'node_modules/a' has no `integrity` with sha512"),
        ("{}", "[]", "package-lock.json: the file is no JSON object"),
        ('{"workspaces": ["a"]}', LOCK, "package.json:1: `workspaces`: an environment is made from one manifest and its lock"),
        ("[]", "[]", "package.json: the file is no JSON object"),
    ],
)
def test_a_package_lock_is_refused_with_its_first_mistake_or_its_manifests(manifest: str, lock: str, message: str) -> None:
    with pytest.raises(LockRefused) as refused:
        refuse_open_lock(NODE, {"package.json": manifest.encode(), "package-lock.json": lock.encode()})
    assert refused.value.message == message


def test_every_ecosystem_that_installs_asks_before_it_does() -> None:
    spoilt = {
        "python": {"requirements.lock": b"six"},
        "node": {"package.json": b"{}", "package-lock.json": b"{}"},
        "go": {"go.mod": b"", "go.sum": b"x"},
        "java": {"classpath.lock": b"x"},
    }
    forms = [*spoilt.items(), ("python", {"pyproject.toml": b"", "uv.lock": b""}), ("python", {"pylock.toml": b""})]
    for name, files in forms:
        document = EnvironmentDocument.model_validate({"ecosystem": name, "lock": next(reversed(files))})
        assert {path.rpartition("/")[2] for path in ECOSYSTEMS[name].files(document)} == set(files)
        with pytest.raises(LockRefused):
            ECOSYSTEMS[name].check(Wanted(document=document, files=files))


@pytest.mark.parametrize(
    "words",
    [
        {"ecosystem": "shell", "interpreter": ">=3"},
        {"ecosystem": "shell", "lock": "requirements.lock"},
        {"ecosystem": "node", "lock": "npm-shrinkwrap.json"},
    ],
)
def test_words_that_an_ecosystem_has_no_use_for_are_refused(words: dict[str, str]) -> None:
    document = EnvironmentDocument.model_validate(words)
    with pytest.raises(LockRefused):
        ECOSYSTEMS[document.ecosystem].files(document)


@pytest.mark.parametrize(
    ("ecosystem", "files", "source", "message"),
    [
        ("go", {"go.sum": b"", "go.mod": b""}, "vendor/x/x.go", "vendor/x/x.go: modules come from the lock file"),
        ("rust", RUST, ".cargo/config.toml", ".cargo/config.toml: cargo's settings are the host's"),
        ("rust", RUST, "rust-toolchain.toml", "rust-toolchain.toml: the compiler is the host's"),
        ("java", JAVA, 'src/A.java" -proc:only -processor "B.java', 'src/A.java" -proc:only -processor "B.java: a name with a quote'),
        ("java", JAVA, "src/A\n-proc:only\n/B.java", "src/A\n-proc:only\n/B.java: a name with a quote or a line break"),
    ],
)
def test_a_source_that_the_build_would_pass_over_is_refused(ecosystem: str, files: dict[str, bytes], source: str, message: str) -> None:
    words = {"ecosystem": ecosystem, "lock": next(iter(files)), "sources": ["**"]}
    wanted = Wanted(document=EnvironmentDocument.model_validate(words), files=files, sources={"src/main": b"", source: b""})
    with pytest.raises(SourcesRefused, match=re.escape(message)):
        ECOSYSTEMS[ecosystem].check(wanted)
