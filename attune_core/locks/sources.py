"""Which files of a pack an environment's `sources` name: patterns in which `*` stays inside a name and `**` crosses folders; pure.

Called by the catalog, which refuses patterns that match nothing, and by agents, for which the files are part of the environment's key.
"""

import posixpath
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

#: More than this is no source of an action's program.
MOST_FILES, MOST_BYTES = 5_000, 64 << 20


def matching(patterns: Sequence[str], paths: Iterable[str]) -> tuple[str, ...]:
    """Return the paths that some pattern matches, sorted."""
    split = [pattern.split("/") for pattern in patterns]
    return tuple(sorted({path for path in paths if any(_matches(one, path.split("/")) for one in split)}))


def root_of(lock: str) -> str:
    """Return the folder in which an environment is built: its lock's; sources have their places in it. Empty: the pack's root."""
    return posixpath.dirname(lock)


def _matches(pattern: Sequence[str], names: Sequence[str]) -> bool:
    """Compare folder by folder; `reached` holds the places in the pattern that the names so far can stand at."""
    reached = _past_stars(pattern, {0})
    for name in names:
        step = {at for at in reached if at < len(pattern) and pattern[at] == "**"}
        step |= {at + 1 for at in reached if at < len(pattern) and pattern[at] != "**" and fnmatchcase(name, pattern[at])}
        reached = _past_stars(pattern, step)
    return len(pattern) in reached


def _past_stars(pattern: Sequence[str], reached: set[int]) -> set[int]:
    """`**` may stand for no folder at all."""
    found = set(reached)
    for at, one in enumerate(pattern):
        if at in found and one == "**":
            found.add(at + 1)
    return found
