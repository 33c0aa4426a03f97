"""Whether a Cargo.lock was made from the Cargo.toml beside it, as far as it can be told without Cargo's resolver; pure.

Called by the catalog, which refuses a lock that is older than its manifest; Cargo does the same with `--locked`, later. Ranges of versions
other than the usual ones are not compared.
"""

import re
from collections.abc import Iterator
from itertools import islice

from attune_core.locks.cargo_lock import LOCK, SIZE
from attune_core.locks.mistake import MOST, Mistake
from attune_core.locks.toml_file import read_toml
from attune_core.locks.toml_lock import Table, table, tables

_GROUPS = ("dependencies", "dev-dependencies", "build-dependencies")
_CARET = re.compile(r"\^?([0-9]{1,9})(?:\.([0-9]{1,9})(?:\.([0-9]{1,9}))?)?", re.ASCII)
_VERSION = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})(?:\+.*)?", re.ASCII)


def outdated_crates(manifest: bytes, lock: bytes) -> Iterator[Mistake]:
    """Yield what the manifest says otherwise than the lock, placed in the manifest and at most `MOST`."""
    asked, locked = read_toml(manifest, size=SIZE), read_toml(lock, size=SIZE)
    if isinstance(asked, dict) and isinstance(locked, dict):
        found = (_at(manifest.decode("utf-8"), name, message) for name, message in _differences(asked, locked))
        yield from islice(found, MOST)


def _differences(asked: Table, locked: Table) -> Iterator[tuple[str, str]]:
    """Yield the name in the manifest, and what is wrong with it."""
    package = asked.get("package")
    packages = tables(locked.get("package"))
    own = next((one for one in packages if "source" not in one), None)
    if own is None or not isinstance(package, dict):
        return
    for key, default in (("name", None), ("version", "0.0.0")):
        said = package.get(key, default)
        if isinstance(said, str) and said != own.get(key):
            yield key, f"the package's {key} is `{said[:80]}` here and `{str(own.get(key))[:80]}` in {LOCK}"
    named = own.get("dependencies")
    known = {str(one).partition(" ")[0] for one in named} if isinstance(named, list) else set()
    wanted = list(_wanted(asked))
    for name, crate, version in wanted:
        versions = [str(one.get("version")) for one in packages if one.get("name") == crate]
        if crate not in known:
            yield name, f"`{crate[:80]}` is not among the dependencies in {LOCK}"
        elif not any(_fits(version, one) for one in versions):
            yield name, f"{LOCK} has `{crate[:80]}` {' and '.join(versions)[:80]}, which is not `{str(version)[:80]}`"
    for crate in sorted(known - {crate for _, crate, _ in wanted}):
        yield "dependencies", f"`{crate[:80]}` is among the dependencies in {LOCK} and no longer here"


def _wanted(manifest: Table) -> Iterator[tuple[str, str, object]]:
    """Yield every dependency: its name in the manifest, the crate's, and the range of versions."""
    for platform in (manifest, *table(manifest.get("target")).values()):
        for group in _GROUPS:
            for name, entry in table(table(platform).get(group)).items():
                plain = entry if isinstance(entry, dict) else {"version": entry}
                yield name, str(plain.get("package", name)), plain.get("version")


def _fits(wanted: object, version: str) -> bool:
    """Tell whether a version is in a range such as `1.2` or `^0.3.4`; True for every other form of range."""
    asked = _CARET.fullmatch(wanted.strip()) if isinstance(wanted, str) else None
    have = _VERSION.fullmatch(version)
    if asked is None or have is None:
        return True
    low = [int(part) for part in asked.groups() if part is not None]
    numbers = [int(part) for part in have.groups()]
    fixed = next((at for at, part in enumerate(low) if part), len(low) - 1) + 1
    return numbers[:fixed] == low[:fixed] and numbers >= low


def _at(text: str, name: str, message: str) -> Mistake:
    """Place a mistake at the line that says it: `name = …`, `[dependencies.name]` or `[dependencies]`."""
    word = re.escape(name)
    found = re.search(rf"^[ \t]*(?:(?P<key>[\"']?{word}[\"']?)[ \t]*[=.]|\[(?:[^\]\n]*\.)?(?P<table>{word})\])", text, re.MULTILINE)
    return Mistake(message=message) if found is None else Mistake.at(text, found.span(found.lastgroup or 0), message)
