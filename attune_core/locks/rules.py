"""LockRules: what one form of lock file must be, whatever the ecosystem; made once in `table`.

The catalog asks it for Problems, agents ask it before anything runs, so `attune validate` refuses what an agent would refuse.
"""

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from attune_core.locks.mistake import Mistake
from attune_core.locks.sources import matching

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
    #: Compiled ecosystems: patterns of files below the lock's folder that the build would pass over, and why.
    unread_sources: Mapping[str, str] = field(default_factory=dict)
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

    def unread(self, sources: Iterable[str]) -> tuple[str, str] | None:
        """Return the first source (its path below the lock's folder) that the build would pass over, and why."""
        paths = tuple(sources)
        return next(((path, why) for pattern, why in self.unread_sources.items() for path in matching([pattern], paths)), None)


def manifest_named(name: str) -> Callable[[str], str]:
    """Return how to find a manifest that always has the same name."""
    return lambda lock: posixpath.join(posixpath.dirname(lock), name)
