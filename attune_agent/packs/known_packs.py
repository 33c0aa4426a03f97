"""Finding a pack that somebody names on this host: a folder, or a pack that the agent has fetched.

Called by `host_environments`; what is found is read as every other pack copy is.
"""

import os
from pathlib import Path

from attune_agent.packs.pack_copy import PackCopy
from attune_agent.packs.packs import PLAIN
from attune_agent.preparation_errors import PackNotFound, PackUnreadable
from attune_core.names import is_name


def find_pack(named: str, packs: Path) -> PackCopy:
    """Return the pack in a folder, or the one of that name which was fetched last; `PackNotFound`."""
    folder = Path(named)
    if (folder / "pack.yaml").is_file():
        return PackCopy(Path(os.path.abspath(folder)), f"folder {named}")  # noqa: PTH100 - a link in it stays one
    if folder.is_dir():
        raise PackNotFound(f"the folder {named} has no pack.yaml that this user can read")
    fetched = [copy for copy in _fetched(packs) if copy.document.name == named] if is_name(named) else []
    if not fetched:
        raise PackNotFound(f"{named[:200]} is no folder, and no pack of that name was fetched by this host's agent")
    return max(fetched, key=lambda copy: copy.root.stat().st_mtime)


def _fetched(packs: Path) -> list[PackCopy]:
    found: list[PackCopy] = []
    for root in packs.glob(f"*/{PLAIN}"):
        try:
            found.append(PackCopy(root, root.parent.name))
        except PackUnreadable:
            continue  # half of one, or of another version
    return found
