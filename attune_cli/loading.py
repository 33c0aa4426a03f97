"""Loading the pack repository of a working copy for a command that needs all of it; its errors are shown as `attune validate` shows them.

Called by the commands that decide something over rules without a controller.
"""

from dataclasses import dataclass
from pathlib import Path

from attune_cli.checking import Checked
from attune_cli.comparing import RevisionName
from attune_cli.pack_repository import SourceLines
from attune_cli.render.formats import Format, write
from attune_cli.render.output import note
from attune_cli.render.progress import waiting
from attune_cli.revision_range import RevisionRange
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.changes import NO_REPOSITORY
from attune_core.catalog.folder_tree import FolderTree, working_tree
from attune_core.catalog.git_tree import tree_at
from attune_core.catalog.load import Loaded, load
from attune_core.catalog.tree import Tree


def load_or_show(root: Path, *, json: bool) -> Loaded:
    """Load the files as they are; when there is no Catalog the Problems have been shown, and the command ends with 1."""
    return load_tree_or_show(working_tree(root), root, revision=None, json=json)


def load_tree_or_show(tree: Tree, root: Path, *, revision: str | None, json: bool) -> Loaded:
    """Do the same with any revision of the repository."""
    return _or_show(load(tree, revision), tree, root, revision=revision, json=json)


def _or_show(loaded: Loaded, tree: Tree, root: Path, *, revision: str | None, json: bool) -> Loaded:
    if loaded.catalog is None:
        checked = Checked(root=root, lines=SourceLines(tree), problems=loaded.problems, documents=loaded.documents, revision=revision)
        write(checked, Format.JSON if json else Format.TEXT)
    return loaded


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two revisions that a change leads from and to."""

    base: Catalog
    head: Catalog
    base_name: RevisionName
    head_name: RevisionName


def load_pair_or_show(revisions: RevisionRange, root: Path, *, json: bool) -> Pair | None:
    """Load base and head; None when the Problems of one of them have been shown."""
    base_tree = revisions.base_tree(root)
    base_name = RevisionName(named=revisions.base, commit=base_tree.commit)
    head_tree = working_tree(root) if revisions.head is None else tree_at(root, revisions.head)
    head_name = RevisionName(named=revisions.head, commit=None if isinstance(head_tree, FolderTree) else head_tree.commit)
    base = _catalog_or_show(base_tree, root, base_name, number=1, json=json)
    head = _catalog_or_show(head_tree, root, head_name, number=2, json=json) if base is not None else None
    return Pair(base=base, head=head, base_name=base_name, head_name=head_name) if base is not None and head is not None else None


def _catalog_or_show(tree: Tree, root: Path, name: RevisionName, *, number: int, json: bool) -> Catalog | None:
    with waiting(f"loading {name.text()}", number=number, of=2, json=json):
        read = load(tree, name.commit)
    loaded = _or_show(read, tree, root, revision=name.commit, json=json)
    if loaded.catalog is None:
        there_is_none = any(problem.code == NO_REPOSITORY for problem in loaded.problems)
        why = "it has no pack repository in this folder" if there_is_none else "there are errors in it, as shown"
        note(f"{name.text()} cannot be compared: {why}")
    return loaded.catalog
