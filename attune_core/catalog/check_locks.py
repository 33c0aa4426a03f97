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
from attune_core.locks.rules import LockRules
from attune_core.locks.table import rules_of
from attune_core.problems import Problem, Severity


def check_locks(reading: Reading, tree: Tree, locks: Sequence[LockFile]) -> None:
    """Say everything that the lock files leave open, and where a whole one is older than its manifest."""
    raws = tree.contents([path for lock in locks for path in (lock.path, lock.manifest) if path])
    for lock in locks:
        _, raw = next(raws)
        manifest = next(raws)[1] if lock.manifest else b""
        if rules := rules_of(lock.ecosystem, lock.path):
            reading.findings.add(_check(lock, rules, raw, manifest))


def _check(lock: LockFile, rules: LockRules, raw: bytes, manifest: bytes) -> list[Problem]:
    found = _problems("ATT165", lock.path, raw, rules.lock_mistakes(raw), hint=rules.make_again)
    if lock.manifest:
        hint = "keep one manifest an environment, with packages of a registry alone"
        found += _problems("ATT165", lock.manifest, manifest, rules.manifest_mistakes(manifest), hint=hint)
    if lock.manifest and not found:
        renew = rules.renew.format(manifest=basename(lock.manifest), lock=basename(lock.path))
        found = _problems("ATT185", lock.manifest, manifest, rules.outdated(manifest, raw), hint=f"make the lock file again: {renew}")
    return found


def _problems(code: str, path: str, raw: bytes, mistakes: Iterable[Mistake], *, hint: str) -> list[Problem]:
    """Place mistakes in their file; they have a stretch only in what could be decoded."""
    found = list(mistakes)
    text = raw.decode("utf-8", "replace") if found else ""
    spans = [span_at(text, *one.stretch) if one.stretch else None for one in found]
    return [
        Problem(code=code, severity=Severity.ERROR, message=one.message, path=path, span=span, hint=hint)
        for one, span in zip(found, spans, strict=True)
    ]
