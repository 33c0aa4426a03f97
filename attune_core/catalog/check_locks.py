"""Checking lock files: what an agent would refuse to build from, or would build otherwise than its manifest says, is a Problem.

Called by `load`; the judgement is that of `attune_core.locks`, of which agents ask whether a lock file leaves something open.
"""

from collections.abc import Iterable, Sequence
from posixpath import basename

from attune_core.catalog.check_packs import LockFile
from attune_core.catalog.reading import Reading
from attune_core.catalog.source_text import span_at
from attune_core.catalog.tree import Tree
from attune_core.locks.mistake import Mistake
from attune_core.locks.package_lock import manifest_mistakes, package_lock_mistakes
from attune_core.locks.package_manifest import outdated_packages
from attune_core.locks.requirements import requirement_mistakes
from attune_core.locks.requirements_manifest import outdated_requirements
from attune_core.problems import Problem, Severity

_PYTHON = "uv pip compile --universal --generate-hashes"
_NODE = "npm install --package-lock-only"


def check_locks(reading: Reading, tree: Tree, locks: Sequence[LockFile]) -> None:
    """Say everything that the lock files leave open, and where a whole one is older than its manifest."""
    raws = tree.contents([path for lock in locks for path in (lock.path, lock.manifest) if path])
    for lock in locks:
        _, raw = next(raws)
        manifest = next(raws)[1] if lock.manifest else b""
        (_check_python if lock.kind == "requirements" else _check_node)(reading, lock, raw, manifest)


def _check_python(reading: Reading, lock: LockFile, raw: bytes, manifest: bytes) -> None:
    found = _problems("ATT165", lock.path, raw, requirement_mistakes(raw), hint=f"make it again: {_PYTHON}")
    if lock.manifest and not found:
        hint = f"make the lock file again: {_PYTHON} {basename(lock.manifest)} -o {basename(lock.path)}"
        found = _problems("ATT185", lock.manifest, manifest, outdated_requirements(manifest, raw), hint=hint)
    reading.findings.add(found)


def _check_node(reading: Reading, lock: LockFile, raw: bytes, manifest: bytes) -> None:
    found = _problems("ATT165", lock.path, raw, package_lock_mistakes(raw), hint=f"make it again with a current npm: {_NODE}")
    if lock.manifest:
        hint = "keep one manifest an environment, with packages of a registry alone"
        found += _problems("ATT165", lock.manifest, manifest, manifest_mistakes(manifest), hint=hint)
    if lock.manifest and not found:
        hint = f"make the lock file again: {_NODE}"
        found = _problems("ATT185", lock.manifest, manifest, outdated_packages(manifest, raw), hint=hint)
    reading.findings.add(found)


def _problems(code: str, path: str, raw: bytes, mistakes: Iterable[Mistake], *, hint: str) -> list[Problem]:
    """Place mistakes in their file; they have a stretch only in what could be decoded."""
    found = list(mistakes)
    text = raw.decode("utf-8", "replace") if found else ""
    spans = [span_at(text, *one.stretch) if one.stretch else None for one in found]
    return [
        Problem(code=code, severity=Severity.ERROR, message=one.message, path=path, span=span, hint=hint)
        for one, span in zip(found, spans, strict=True)
    ]
