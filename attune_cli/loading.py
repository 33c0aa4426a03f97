"""Loading the pack repository of a working copy for a command that needs all of it; its errors are shown as `attune validate` shows them.

Called by the commands that decide something over rules without a controller.
"""

from pathlib import Path

from attune_cli.checking import Checked
from attune_cli.pack_repository import SourceLines
from attune_cli.render.formats import Format, write
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import Loaded, load


def load_or_show(root: Path, *, json: bool) -> Loaded:
    """Load; when there is no Catalog the Problems have been shown, and the command ends with 1."""
    tree = FolderTree(root)
    loaded = load(tree)
    if loaded.catalog is None:
        checked = Checked(root=root, lines=SourceLines(tree), problems=loaded.problems, documents=loaded.documents)
        write(checked, Format.JSON if json else Format.TEXT)
    return loaded
