"""Workspace: where a repository lies in what a job of CI has checked out, because its viewers name files from there.

Called by attune_cli.render.github and attune_cli.render.sarif.
"""

import os
from pathlib import Path


def within_workspace(root: Path) -> str:
    """Return the repository's folder in the workspace with a `/` at its end; "" at its root, and where there is no workspace."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if workspace is None or not root.resolve().is_relative_to(Path(workspace).resolve()):
        return ""
    inside = root.resolve().relative_to(Path(workspace).resolve()).as_posix()
    return "" if inside == "." else f"{inside}/"
