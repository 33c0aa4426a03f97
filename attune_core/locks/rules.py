"""LockRules: what one form of lock file must be, whatever the ecosystem; made once in `table`.

The catalog asks it for Problems, agents ask it before anything runs, so `attune validate` refuses what an agent would refuse.
"""

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from attune_core.locks.mistake import Mistake

#: Judges one file.
Judge = Callable[[bytes], Iterable[Mistake]]


def nothing(*_files: bytes) -> Iterable[Mistake]:
    """Judge a file of which nothing is asked."""
    return ()


@dataclass(frozen=True, kw_only=True)
class LockRules:
    """One form of lock file. `manifest` returns the path of the file beside a lock that says what it is made from."""

    #: The only name that such a file may have; None: any.
    name: str | None
    manifest: Callable[[str], str]
    manifest_required: bool
    lock_mistakes: Judge
    manifest_mistakes: Judge = nothing
    #: Manifest and lock: what the lock does not have as the manifest asks for it; placed in the manifest.
    outdated: Callable[[bytes, bytes], Iterable[Mistake]] = nothing
    #: The command that makes it, with its usual names.
    make: str
    #: What to write when it leaves something open, and when it is older than its manifest (with `{manifest}` and `{lock}`).
    make_again: str
    renew: str
    #: The argv of the ecosystem's own locker, run in the lock file's folder by `attune pack lock`, with the names `{manifest}` and
    #: `{lock}`, and `{lowest}`, the lowest interpreter that serves; a word with that is left out where there is no lower bound.
    locker: tuple[str, ...]

    def fits(self, lock: str) -> bool:
        """Tell whether a lock file's path is one of this form."""
        return self.name is None or posixpath.basename(lock) == self.name


def manifest_named(name: str) -> Callable[[str], str]:
    """Return how to find a manifest that always has the same name."""
    return lambda lock: posixpath.join(posixpath.dirname(lock), name)
