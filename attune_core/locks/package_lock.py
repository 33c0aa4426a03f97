"""Whether an npm lock file pins every package of a registry with a hash and asks for nothing else, and its manifest likewise; pure.

Called by the catalog for every node environment and by agents before anything runs. The format:
https://docs.npmjs.com/cli/configuring-npm/package-lock-json, versions 2 and 3.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice

from attune_core.locks.mistake import MOST, SIZE, Mistake
from attune_core.values import JsonLimits, JsonObject, JsonRefused, JsonValue, parse_json

#: The only names that npm takes.
LOCK, MANIFEST = "package-lock.json", "package.json"

_LIMITS = JsonLimits(size=SIZE, keys=1_000_000)
_PLACE = re.compile(r"(?:node_modules/(?:@[A-Za-z0-9._~-]+/)?[A-Za-z0-9._~-]+/?)+")
_STRONG = re.compile(r"(?:^|\s)sha(?:256|384|512)-[A-Za-z0-9+/]{43,88}={0,2}")


def manifest_mistakes(raw: bytes) -> Iterator[Mistake]:
    """Yield what makes a package.json more than the manifest of one environment."""
    manifest = read_package_file(raw)
    if isinstance(manifest, Mistake):
        yield manifest
    elif "workspaces" in manifest:
        yield mistake_at_key(raw.decode("utf-8"), "workspaces", 0, "`workspaces`: an environment is made from one manifest and its lock")


def package_lock_mistakes(raw: bytes) -> Iterator[Mistake]:
    """Yield every package without a strong hash and everything that is no package of a registry, in its order and at most `MOST`."""
    lock = read_package_file(raw)
    if isinstance(lock, Mistake):
        yield lock
        return
    packages = lock.get("packages")
    if lock.get("lockfileVersion") not in (2, 3):
        yield Mistake(message="the file has no `lockfileVersion` 2 or 3")
    elif not isinstance(packages, dict):
        yield Mistake(message="the file has no `packages`")
    else:
        yield from islice(_package_mistakes(packages, raw.decode("utf-8")), MOST)


def _package_mistakes(packages: Mapping[str, JsonValue], text: str) -> Iterator[Mistake]:
    at = 0
    for place, entry in packages.items():
        if place and (reason := _wrong(place, entry, packages)):
            mistake = mistake_at_key(text, place, at, f"{place[:120]!r} {reason}")
            at = mistake.stretch[1] if mistake.stretch else at  # entries come in the text's order
            yield mistake


def _wrong(place: str, entry: JsonValue, packages: Mapping[str, JsonValue]) -> str | None:
    if not isinstance(entry, dict) or entry.get("link") or not _PLACE.fullmatch(place) or ".." in place:
        return "is no package of a registry but a folder"
    if entry.get("inBundle") and "/node_modules/" in place:
        # Part of another package's archive, whose hash covers it. What no package above it bundles, npm fetches without a hash.
        return None if _is_bundled(place, packages) else "is said to be in the archive of a package that bundles nothing"
    resolved = entry.get("resolved", "")
    if not isinstance(resolved, str) or not (resolved == "" or resolved.startswith(("https://", "http://"))):
        return "does not come from a registry"
    integrity = entry.get("integrity")
    if not isinstance(integrity, str) or not _STRONG.search(integrity):
        return "has no `integrity` with sha512"
    return None


def _is_bundled(place: str, packages: Mapping[str, JsonValue]) -> bool:
    above = place.rpartition("/node_modules/")[0]
    while above:
        entry = packages.get(above)
        if isinstance(entry, dict) and entry.get("bundleDependencies"):
            return True
        above = above.rpartition("/node_modules/")[0]
    return False


def read_package_file(raw: bytes) -> JsonObject | Mistake:
    """Return the file's object, or why it is none."""
    try:
        document = parse_json(raw, _LIMITS)
    except JsonRefused as error:
        return Mistake(message=error.message)
    return document if isinstance(document, dict) else Mistake(message="the file is no JSON object")


def mistake_at_key(text: str, key: str, start: int, message: str) -> Mistake:
    """Place a mistake at a key as npm writes it; one that is written with escapes is left without a place."""
    written = json.dumps(key, ensure_ascii=False)
    found = re.compile(re.escape(written) + r"\s*:").search(text, start)
    if found is None:
        return Mistake(message=message)
    return Mistake.at(text, (found.start(), found.start() + len(written)), message)
