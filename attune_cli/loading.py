"""Loading the pack repository of a working copy for a command that needs all of it; its errors are shown as `attune validate` shows them.

Called by the commands that decide something over rules without a controller.
"""

from pathlib import Path

from attune_cli.checking import Checked
from attune_cli.pack_repository import SourceLines
from attune_cli.render.formats import Format, write
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import Loaded, load
from attune_core.catalog.tree import Tree


def load_or_show(root: Path, *, json: bool) -> Loaded:
    """Load the files as they are; when there is no Catalog the Problems have been shown, and the command ends with 1."""
    return load_tree_or_show(FolderTree(root), root, revision=None, json=json)


def load_tree_or_show(tree: Tree, root: Path, *, revision: str | None, json: bool) -> Loaded:
    """Do the same with any revision of the repository."""
    loaded = load(tree, revision)
    if loaded.catalog is None:
        checked = Checked(root=root, lines=SourceLines(tree), problems=loaded.problems, documents=loaded.documents, revision=revision)
        write(checked, Format.JSON if json else Format.TEXT)
    return loaded
