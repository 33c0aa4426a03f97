"""Paths that documents name inside their pack: resolved without ever leaving it.

Called by the checks of packs and actions; `posixpath` only, nothing is looked up on a disk.
"""

import posixpath


def inside_pack(folder: str, path: str) -> str | None:
    """Return a path relative to the pack, for one written relative to a folder of it; None if it leaves the pack or is absolute."""
    if path.startswith("/") or "\\" in path or "\0" in path:
        return None
    found = posixpath.normpath(posixpath.join(folder, path))
    return None if found == ".." or found.startswith("../") or found == "." else found
