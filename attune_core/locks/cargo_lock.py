"""Whether a Cargo.lock pins every package of a registry with a checksum and is that of one single package, and its manifest likewise; pure.

Called by the catalog for every rust environment and by agents before anything runs. The formats:
https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html; what one lock may leave to Cargo, `--locked` refuses.
"""

import re
from collections.abc import Iterator
from itertools import islice

from attune_core.locks.mistake import MOST, Mistake
from attune_core.locks.toml_file import read_toml
from attune_core.locks.toml_lock import Table, placed, table, tables

#: The only names that Cargo takes.
LOCK, MANIFEST = "Cargo.lock", "Cargo.toml"
#: Files below the lock's folder that the build would pass over, and why.
UNREAD = {
    ".cargo/**": "cargo's settings are the host's, so `.cargo` is not read",
    "rust-toolchain*": "the compiler is the host's, so this file is not read; its version is what `interpreter` says",
}
#: The lock file of the Rust compiler itself has 150 KiB.
SIZE = 1 << 20
_REGISTRY = re.compile(r"(?:registry|sparse)\+https?://\S+")
_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_RUST = re.compile(r"[0-9]+(?:\.[0-9]+){0,2}", re.ASCII)


def cargo_lock_mistakes(raw: bytes) -> Iterator[Mistake]:
    """Yield every package without a checksum or not of a registry, in its order and at most `MOST`."""
    lock = read_toml(raw, size=SIZE)
    if isinstance(lock, Mistake):
        yield lock
        return
    packages = tables(lock.get("package"))
    if lock.get("version") not in (3, 4):
        yield Mistake(message="the file has no `version` 3 or 4")
    elif not packages:
        yield Mistake(message="the file has no `[[package]]`")
    else:
        own = sum("source" not in one for one in packages)
        reasons = (_wrong(one, own) for one in packages)
        yield from islice(placed(raw.decode("utf-8"), "package", reasons), MOST)


def cargo_toml_mistakes(raw: bytes) -> Iterator[Mistake]:
    """Yield what makes a Cargo.toml something else than the manifest of one package."""
    manifest = read_toml(raw, size=SIZE)
    if isinstance(manifest, Mistake):
        yield manifest
        return
    if not isinstance(manifest.get("package"), dict):
        yield Mistake(message="the file has no `[package]`: an environment is made from one package")
    elif table(manifest.get("workspace")).get("members"):
        yield Mistake(message="`workspace.members`: an environment is made from one package and its lock")


def required_rust(raw: bytes) -> str | None:
    """Return the range of Rust versions that the package says it works with."""
    manifest = read_toml(raw, size=SIZE)
    oldest = None if isinstance(manifest, Mistake) else table(manifest.get("package")).get("rust-version")
    return f">={oldest}" if isinstance(oldest, str) and _RUST.fullmatch(oldest) else None


def _wrong(package: Table, own: int) -> str | None:
    """Judge a package; `own` is how many come from folders."""
    name, source, checksum = str(package.get("name"))[:80], package.get("source"), package.get("checksum")
    if source is None:
        return f"`{name}` is one of {own} packages that come from folders; an environment is made from one" if own > 1 else None
    if not isinstance(source, str) or not _REGISTRY.fullmatch(source):
        return f"`{name}` does not come from a registry"
    if not isinstance(checksum, str) or not _CHECKSUM.fullmatch(checksum):
        return f"`{name}` has no `checksum`"
    return None
