"""Checking lock files: everything in them is pinned by a hash, or the environment could differ from host to host.

Called by `load` with the bytes of each lock file; agents let the ecosystem's installer enforce the same hashes again.
"""

import json
import re

from attune_core.catalog.check_packs import LockFile
from attune_core.catalog.reading import Reading
from attune_core.catalog.source_text import span_at
from attune_core.problems import Problem, Severity

#: A package-lock.json of a large tree has about 1 MiB.
_SIZE = 16 << 20
_HASH = re.compile(r"--hash=sha(?:256|384|512):[0-9A-Fa-f]{64,128}")
_PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9,._ -]*\])?\s*==")


def check_lock(reading: Reading, lock: LockFile, raw: bytes) -> None:
    """Say where a lock file leaves something open."""
    if len(raw) > _SIZE:
        reading.findings.at_path("ATT165", f"the lock file has more than {_SIZE >> 20} MiB", lock.path, hint="split the environment")
        return
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        reading.findings.at_path("ATT165", f"the lock file is not UTF-8 at byte {error.start}", lock.path, hint="make it again")
        return
    if lock.ecosystem == "python":
        _python(reading, lock.path, text)
    else:
        _node(reading, lock.path, text)


def _python(reading: Reading, path: str, text: str) -> None:
    """Go through logical lines: a requirement is one line, or several joined by a backslash."""
    start, lines = 0, text.split("\n")
    at = 0
    while at < len(lines):
        first = at
        while lines[at].endswith("\\") and at + 1 < len(lines):
            at += 1
        at += 1
        logical = " ".join(line.rstrip("\\").strip() for line in lines[first:at])
        stop = start + sum(len(line) + 1 for line in lines[first:at])
        if (mistake := _requirement(logical)) is not None:
            _say(reading, path, text, (start, start + len(lines[first].rstrip("\\").rstrip())), mistake)
        start = stop


def _requirement(line: str) -> str | None:
    bare = line.partition(" #")[0].strip()
    if not bare or bare.startswith(("#", "--hash")):
        return None
    if bare.startswith("-"):
        return f"the option `{bare.split()[0][:40]}` does not belong into a lock file; sources are the host's settings"
    if not _PINNED.match(bare):
        return f"`{bare[:60]}` is not pinned with `==`"
    return None if _HASH.search(bare) else f"`{bare.split('==')[0].strip()[:60]}` has no hash"


def _node(reading: Reading, path: str, text: str) -> None:
    try:
        lock = json.loads(text)
    except (ValueError, RecursionError):
        reading.findings.at_path("ATT165", "the lock file is not JSON", path, hint="make it again with npm")
        return
    packages = lock.get("packages") if isinstance(lock, dict) else None
    if not isinstance(packages, dict):
        reading.findings.at_path("ATT165", "the lock file has no `packages`", path, hint="make it again with npm 7 or later")
        return
    for name, package in packages.items():
        if not name or not isinstance(package, dict) or package.get("link") is True or package.get("inBundle") is True:
            continue
        if not isinstance(package.get("integrity"), str):
            at = max(text.find(json.dumps(name)), 0)
            _say(reading, path, text, (at, at + len(json.dumps(name))), f"`{name[:80]}` has no `integrity`")


def _say(reading: Reading, path: str, text: str, stretch: tuple[int, int], message: str) -> None:
    hint = "make it again: uv pip compile --generate-hashes" if path.endswith((".lock", ".txt")) else "make it again with npm"
    span = span_at(text, *stretch)
    reading.findings.add([Problem(code="ATT165", severity=Severity.ERROR, message=message, path=path, span=span, hint=hint)])
