"""What a pack declares of one environment: the bytes of lock, manifest and sources, by their places below the lock file's folder.

Called by `environments`; the result goes to the ecosystem and into the key.
"""

from collections.abc import Sequence
from typing import Protocol

from attune_agent.ecosystems.protocol import Wanted
from attune_agent.preparation_errors import LockMissing, SourcesRefused
from attune_core.catalog.pack_paths import inside_pack
from attune_core.locks.mistake import SIZE
from attune_core.locks.sources import MOST_BYTES, MOST_FILES, matching, root_of
from attune_core.models.pack import EnvironmentDocument, PackDocument


class DeclaringPack(Protocol):
    """What environments need of a pack."""

    @property
    def digest(self) -> str:
        """Sha256 over its content, hex."""
        ...

    @property
    def document(self) -> PackDocument:
        """Its pack.yaml."""
        ...

    def read(self, path: str, limit: int) -> bytes | None:
        """Return a file's bytes, None when the pack has no such regular file or it is larger."""
        ...

    def paths(self) -> Sequence[str]:
        """Return the paths of its regular files."""
        ...


def declared(pack: DeclaringPack, document: EnvironmentDocument, paths: Sequence[str]) -> Wanted:
    """Read the files at these paths (the lock is the first), and the sources; `LockMissing`, `SourcesRefused`."""
    if not paths:
        return Wanted(document=document, files={})
    root = root_of(inside_pack("", paths[0]) or "")
    prefix = f"{root}/" if root else ""
    files = {(inside_pack("", path) or path).removeprefix(prefix): _read(pack, path) for path in paths}
    return Wanted(document=document, files=files, sources=_sources(pack, document, prefix))


def _read(pack: DeclaringPack, path: str) -> bytes:
    content = pack.read(path, SIZE)
    if content is None:
        raise LockMissing(f"pack {pack.document.name} has no file {path} of at most {SIZE >> 20} MiB")
    return content


def _sources(pack: DeclaringPack, document: EnvironmentDocument, prefix: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    left = MOST_BYTES
    for path in matching(document.sources, pack.paths()) if document.sources else ():
        content = pack.read(path, left)
        if content is None or len(found) == MOST_FILES:
            raise SourcesRefused(f"`sources` name more than {MOST_FILES} files or {MOST_BYTES >> 20} MiB")
        if not path.startswith(prefix):
            raise SourcesRefused(f"{path[:200]} is not below the lock file's folder {prefix}")
        left -= len(content)
        found[path.removeprefix(prefix)] = content
    return found
