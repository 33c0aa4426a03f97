"""Checking a repository as asked: the whole of it, beside a base if there is one, and what of that is to be shown.

Called by `attune validate`; `attune_cli.render` prints a Checked in one of the formats.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from attune_cli.pack_repository import SourceLines, repository_root
from attune_cli.revision_range import RevisionRange
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.changes import Changes, divide_problems
from attune_core.catalog.check_versions import check_versions
from attune_core.catalog.findings import in_order
from attune_core.catalog.folder_tree import working_tree
from attune_core.catalog.git_tree import tree_at
from attune_core.catalog.load import Loaded, load
from attune_core.catalog.tree import Tree
from attune_core.problems import Problem, Severity

#: The code of an environment that could not be built; only found when builds are asked for.
NOT_BUILT = "ATT169"
#: Looks for more than loading finds; only in what has a Catalog.
More = Callable[[Tree, Catalog], Iterable[Problem]]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be checked; `base` is for the versions of packs alone, `changed` also leaves out what the base has as well."""

    path: Path
    revision: str | None = None
    base: str | None = None
    changed: RevisionRange | None = None


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was found. `left_out` holds the Problems that `--changed` does not show; `base_refused`: it could not be compared with."""

    root: Path
    lines: SourceLines
    problems: tuple[Problem, ...]
    documents: int
    revision: str | None = None
    base: str | None = None  # the commit
    base_refused: bool = False
    left_out: tuple[Problem, ...] = ()
    suppressed: int = 0

    def fails(self, *, strict: bool) -> bool:
        """Tell whether what is shown is a reason not to merge."""
        if any(problem.code == NOT_BUILT for problem in self.problems):
            return True  # whoever had environments built wants to know that they can be
        return bool(count(self.problems, Severity.ERROR) or (strict and count(self.problems, Severity.WARNING)))


def count(problems: Iterable[Problem], severity: Severity) -> int:
    """Return how many Problems have a severity."""
    return sum(problem.severity is severity for problem in problems)


def check(asked: Asked, more: More | None = None) -> Checked:
    """Load, look for more and compare; `RepositoryMissing` and `RevisionMissing` are bad use, `RepositoryUnreadable` is a failure."""
    revisions = asked.changed or (RevisionRange(base=asked.base, head=asked.revision) if asked.base else None)
    revision = asked.revision if revisions is None else revisions.head
    root = repository_root(asked.path, git=revisions is not None or revision is not None)
    tree: Tree = working_tree(root) if revision is None else tree_at(root, revision)
    loaded = load(tree, revision)
    found, suppressed = loaded.suppressions.divide(more(tree, loaded.catalog) if more and loaded.catalog else ())
    checked = Checked(
        root=root,
        lines=SourceLines(tree),
        problems=in_order((*loaded.problems, *found)),
        documents=loaded.documents,
        revision=revision,
        suppressed=loaded.suppressed + len(suppressed),
    )
    if revisions is None:
        return checked
    base_tree = revisions.base_tree(root)
    base = load(base_tree, base_tree.commit)
    checked = _with_versions(replace(checked, base=base_tree.commit), loaded, base)
    if asked.changed is None:
        return checked
    division = divide_problems(checked.problems, base.problems, Changes(tree, base_tree))
    return replace(checked, problems=division.shown, left_out=division.left_out)


def _with_versions(checked: Checked, head: Loaded, base: Loaded) -> Checked:
    if head.catalog is None:  # it is refused as it is; versions are compared once it loads
        return checked
    if base.catalog is None:
        return replace(checked, base_refused=True)
    found, suppressed = head.suppressions.divide(check_versions(head.catalog, base.catalog))
    return replace(checked, problems=in_order((*checked.problems, *found)), suppressed=checked.suppressed + len(suppressed))
