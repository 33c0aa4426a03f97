"""Checking lock files: what an agent would refuse to build from is a Problem before it is merged.

Called by `load` with the bytes of each file; the judgement is that of `attune_core.locks`, which agents ask as well.
"""

from collections.abc import Callable, Iterator, Mapping

from attune_core.catalog.check_packs import LockFile, LockKind
from attune_core.catalog.reading import Reading
from attune_core.catalog.source_text import span_at
from attune_core.locks.mistake import Mistake
from attune_core.locks.package_lock import manifest_mistakes, package_lock_mistakes
from attune_core.locks.requirements import requirement_mistakes
from attune_core.problems import Problem, Severity

_JUDGES: Mapping[LockKind, tuple[Callable[[bytes], Iterator[Mistake]], str]] = {
    "requirements": (requirement_mistakes, "make it again: uv pip compile --universal --generate-hashes"),
    "package lock": (package_lock_mistakes, "make it again with a current npm: npm install --package-lock-only"),
    "manifest": (manifest_mistakes, "keep one manifest an environment, with packages of a registry alone"),
}


def check_lock(reading: Reading, lock: LockFile, raw: bytes) -> None:
    """Say everything that a file leaves open."""
    judge, hint = _JUDGES[lock.kind]
    text = raw.decode("utf-8", "replace")  # mistakes have a stretch only in what could be decoded
    for mistake in judge(raw):
        span = span_at(text, *mistake.stretch) if mistake.stretch else None
        problem = Problem(code="ATT165", severity=Severity.ERROR, message=mistake.message, path=lock.path, span=span, hint=hint)
        reading.findings.add([problem])
