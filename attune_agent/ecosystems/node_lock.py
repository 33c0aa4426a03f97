"""Whether an npm lock file pins every package of a registry with a hash and asks for nothing else; pure.

Called by `node` before anything runs. The format: https://docs.npmjs.com/cli/configuring-npm/package-lock-json, versions 2 and 3.
"""

import re

from attune_agent.preparation_errors import LockRefused
from attune_core.values import JsonLimits, JsonObject, JsonRefused, JsonValue, parse_json

_LIMITS = JsonLimits(size=8 << 20, keys=1_000_000)
_PLACE = re.compile(r"(?:node_modules/(?:@[A-Za-z0-9._~-]+/)?[A-Za-z0-9._~-]+/?)+")
_STRONG = re.compile(r"(?:^|\s)sha(?:256|384|512)-[A-Za-z0-9+/]{43,88}={0,2}")


def check_package_lock(manifest: bytes, lock: bytes) -> None:
    """Refuse the first package without a strong hash, and everything that is no package of a registry: `LockRefused`."""
    if "workspaces" in _read("package.json", manifest):
        raise LockRefused("package.json has `workspaces`; an environment is made from one manifest and its lock")
    document = _read("package-lock.json", lock)
    if document.get("lockfileVersion") not in (2, 3):
        raise LockRefused("package-lock.json has no lockfileVersion 2 or 3")
    packages = document.get("packages")
    if not isinstance(packages, dict):
        raise LockRefused("package-lock.json has no `packages`")
    for place, entry in packages.items():
        if place and (reason := _wrong(place, entry)):
            raise LockRefused(f"package-lock.json: {place[:120]!r} {reason}")


def _wrong(place: str, entry: JsonValue) -> str | None:
    if not isinstance(entry, dict) or entry.get("link") or not _PLACE.fullmatch(place) or ".." in place:
        return "is no package of a registry but a folder"
    if entry.get("inBundle"):
        return None  # part of another package's archive, whose hash covers it
    resolved = entry.get("resolved", "")
    if not isinstance(resolved, str) or not (resolved == "" or resolved.startswith(("https://", "http://"))):
        return "does not come from a registry"
    integrity = entry.get("integrity")
    if not isinstance(integrity, str) or not _STRONG.search(integrity):
        return "has no `integrity` with sha512"
    return None


def _read(name: str, raw: bytes) -> JsonObject:
    try:
        document = parse_json(raw, _LIMITS)
    except JsonRefused as error:
        raise LockRefused(f"{name}: {error.message}") from error
    if not isinstance(document, dict):
        raise LockRefused(f"{name} is no JSON object")
    return document
