"""Reading a revision: the catalog of one commit in the mirror; the one call that both the disposable child and the controller make.

Called by `check_child` under limits first, and by the `activate` step in a thread only for a commit that passed there.
"""

from pathlib import Path

from attune_core.catalog.git_tree import GitTree
from attune_core.catalog.load import Loaded, load


def read_revision(mirror: Path, commit: str) -> Loaded:
    """Return the catalog or the problems; blocks. `RepositoryUnreadable` when git fails."""
    return load(GitTree(mirror, commit), commit)
