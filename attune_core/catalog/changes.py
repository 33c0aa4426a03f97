"""Changes between two trees: which files differ, and which Problems a change brought.

Called by `attune validate --changed`; both trees were loaded whole before, so a Problem that a change causes elsewhere is seen as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from attune_core.catalog.tree import FILE, PROGRAM, Entry, Tree, read
from attune_core.catalog.tree_checks import FILES
from attune_core.problems import Problem, Span

#: Where this is said nothing was checked, which is never old.
NO_REPOSITORY = "ATT100"


@dataclass(frozen=True, kw_only=True)
class Division:
    """Problems that a change brought or that stand in files it touched, and the others."""

    shown: tuple[Problem, ...]
    left_out: tuple[Problem, ...]


def divide_problems(head: Iterable[Problem], base: Iterable[Problem], changes: "Changes") -> Division:
    """Sort the head's Problems: one of a file that was not touched is old if the base has it at the same place."""
    old = {_identity(problem) for problem in base}
    shown: list[Problem] = []
    left_out: list[Problem] = []
    for problem in head:
        is_old = _identity(problem) in old and problem.path not in changes and problem.code != NO_REPOSITORY
        (left_out if is_old else shown).append(problem)
    return Division(shown=tuple(shown), left_out=tuple(left_out))


def _identity(problem: Problem) -> tuple[str, str, Span | None, str]:
    return problem.code, problem.path, problem.span, problem.message  # the hint may name what else there is


class Changes:
    """The paths, of files and of folders, whose content or mode differs between two trees; compared when asked for."""

    def __init__(self, head: Tree, base: Tree) -> None:
        """List both trees."""
        self._head, self._base = head, base
        self._now, self._before = _entries(head), _entries(base)

    def __contains__(self, path: str) -> bool:
        now, before = self._now.get(path), self._before.get(path)
        if now is None and before is None:
            inside = f"{path}/"
            return any(file in self for file in self._now.keys() | self._before.keys() if file.startswith(inside))
        if now is None or before is None or (now.mode, now.size) != (before.mode, before.size):
            return True
        return now.mode in (FILE, PROGRAM) and read(self._head, path) != read(self._base, path)


def _entries(tree: Tree) -> dict[str, Entry]:
    """Return entries by path, no more of them than a repository may have."""
    return {entry.path: entry for entry in islice(tree.entries(), FILES)}
