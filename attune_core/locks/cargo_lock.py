"""Whether a Cargo.lock pins every package of a registry with a checksum and is that of one single package, and its manifest likewise; pure.

Called by the catalog for every rust environment and by agents before anything runs. The formats:
https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html; what one lock may leave to Cargo, `--locked` refuses.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from attune_core.locks.mistake import MOST, Mistake
from attune_core.locks.toml_file import read_toml
from attune_core.values import JsonObject, JsonValue

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
_HEADER = re.compile(r"^\[\[package\]\][ \t]*\r?\n(?P<name>name = .*?)\r?$", re.MULTILINE)
_RUST = re.compile(r"[0-9]+(?:\.[0-9]+){0,2}", re.ASCII)


def cargo_lock_mistakes(raw: bytes) -> Iterator[Mistake]:
    """Yield every package without a checksum or not of a registry, in its order and at most `MOST`."""
    lock = read_toml(raw, size=SIZE)
    if isinstance(lock, Mistake):
        yield lock
        return
    packages = packages_of(lock)
    if lock.get("version") not in (3, 4):
        yield Mistake(message="the file has no `version` 3 or 4")
    elif not packages:
        yield Mistake(message="the file has no `[[package]]`")
    else:
        text = raw.decode("utf-8")
        places = [found.span("name") for found in _HEADER.finditer(text)]
        wrong = ((at, reason) for at, one in enumerate(packages) if (reason := _wrong(one, packages)))
        for at, reason in islice(wrong, MOST):
            message = f"`{str(packages[at].get('name'))[:80]}` {reason}"
            yield mistake_at(text, places[at], message) if len(places) == len(packages) else Mistake(message=message)


def cargo_toml_mistakes(raw: bytes) -> Iterator[Mistake]:
    """Yield what makes a Cargo.toml something else than the manifest of one package."""
    manifest = read_toml(raw, size=SIZE)
    if isinstance(manifest, Mistake):
        yield manifest
        return
    workspace = manifest.get("workspace")
    if not isinstance(manifest.get("package"), Mapping):
        yield Mistake(message="the file has no `[package]`: an environment is made from one package")
    elif isinstance(workspace, Mapping) and workspace.get("members"):
        yield Mistake(message="`workspace.members`: an environment is made from one package and its lock")


def required_rust(raw: bytes) -> str | None:
    """Return the oldest Rust that the package says it works with."""
    manifest = read_toml(raw, size=SIZE)
    package = manifest.get("package") if isinstance(manifest, dict) else None
    oldest = package.get("rust-version") if isinstance(package, Mapping) else None
    return oldest if isinstance(oldest, str) and _RUST.fullmatch(oldest) else None


def packages_of(lock: JsonObject) -> list[Mapping[str, JsonValue]]:
    """Return the packages of a lock file in their order."""
    packages = lock.get("package")
    return [one for one in packages if isinstance(one, Mapping)] if isinstance(packages, list) else []


def mistake_at(text: str, stretch: tuple[int, int], message: str) -> Mistake:
    """Place a mistake at a stretch of the file."""
    return Mistake(message=message, line=text.count("\n", 0, stretch[0]) + 1, stretch=stretch)


def _wrong(package: Mapping[str, JsonValue], packages: list[Mapping[str, JsonValue]]) -> str | None:
    source, checksum = package.get("source"), package.get("checksum")
    if source is None:
        own = sum("source" not in one for one in packages)
        return f"is one of {own} packages that come from folders; an environment is made from one" if own > 1 else None
    if not isinstance(source, str) or not _REGISTRY.fullmatch(source):
        return "does not come from a registry"
    if not isinstance(checksum, str) or not _CHECKSUM.fullmatch(checksum):
        return "has no `checksum`"
    return None
