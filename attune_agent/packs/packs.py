"""Packs on this host: fetched by digest, verified, unpacked once, handed out as copies that attempts run in.

The preparation of an attempt calls `fetch`, prepares the environment, and then asks `place` for the folder to run in; the bytes come
from the controller through `download`.
"""

import asyncio
import re
import shutil
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from hashlib import sha256
from pathlib import Path

from attune_agent.environments.once_per_key import OncePerKey
from attune_agent.packs.pack_copy import PackCopy
from attune_agent.packs.unpacking import is_complete, mark_of, remove_copy, write_copy
from attune_agent.preparation_errors import EnvironmentFailed, PackMismatch, PackUnavailable, PackUnreadable
from attune_core.catalog.archive import Member, verify_members
from attune_core.catalog.errors import ArchiveRefused

#: Yields the bytes of the pack with a digest; its own errors pass through.
Download = Callable[[str], AsyncIterator[bytes]]

#: As much as a repository may have (reliability.md §1.5), and the tar's own blocks.
_ARCHIVE_LIMIT = 576 << 20
#: Packs whose documents stay in memory.
_REMEMBERED = 128
_SHOWN = 16
#: The copy without links, which most attempts run in.
PLAIN = "plain"
_FOLDER = re.compile(r"[0-9a-f]{16}", re.ASCII)
#: What a folder's name begins with while it is being removed.
_REMOVED = ".removed-"
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Packs:
    """The packs below one folder."""

    def __init__(self, root: Path, *, download: Download) -> None:
        """Take the folder (it exists, 0755, the agent's own) and where packs come from."""
        self._root = root
        self._download = download
        self._known: OrderedDict[str, PackCopy] = OrderedDict()
        #: Folders in the order of their last use in this life of the agent.
        self._used: OrderedDict[str, None] = OrderedDict()
        self._once = OncePerKey()

    async def fetch(self, digest: str) -> PackCopy:
        """Return the pack of a digest (sha256, hex), from this disk if it is there whole.

        `PackMismatch`: what came is something else; `PackUnreadable`: it cannot be used; `PackUnavailable`: not now.
        """
        known = self._known.get(digest)
        if known is None and not _DIGEST.fullmatch(digest):
            raise PackMismatch(f"{digest[:80]!r} is no digest")
        self._used[digest[:_SHOWN]] = None
        self._used.move_to_end(digest[:_SHOWN])
        if known is not None and mark_of(known.root).exists():
            return known
        copy = self._copy(digest, PLAIN)
        if not is_complete(copy, digest):
            await self._once.run(digest, lambda: self._unpack(copy, digest))
        found = self._known[digest] = await asyncio.to_thread(PackCopy, copy, digest)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found

    async def place(self, pack: PackCopy, environment: str | None, links: Mapping[str, Path]) -> Path:
        """Return the root of the copy to run in: the plain one, or one with the environment's links at its root and no others."""
        if environment is None or not links:
            return pack.root
        copy = self._copy(pack.digest, environment)
        if not is_complete(copy, pack.digest):
            await self._once.run(f"{pack.digest} {environment}", lambda: self._copy_with_links(pack, copy, links))
        return copy

    async def shrink(self, needed: Collection[str], most: int) -> None:
        """Remove packs until `most` are left: first those that were not used in this life of the agent, then the least recently used.

        `needed` are the digests of what is in hand; they stay.
        """
        kept = {digest[:_SHOWN] for digest in needed}
        last = {name: number for number, name in enumerate(self._used)}
        there = sorted((one for one in self._root.iterdir() if _FOLDER.fullmatch(one.name)), key=lambda one: last.get(one.name, -1))
        removable = [one for one in there if one.name not in kept]
        for folder in removable[: max(len(there) - most, 0)]:
            # Out of the way at once, so that a fetch that begins meanwhile finds nothing instead of half of it.
            folder.rename(self._root / f"{_REMOVED}{folder.name}")
            self._used.pop(folder.name, None)
        for folder in sorted(self._root.glob(f"{_REMOVED}*")):
            await asyncio.to_thread(_remove_pack, folder)

    def _copy(self, digest: str, name: str) -> Path:
        return self._root / digest[:_SHOWN] / name

    async def _unpack(self, copy: Path, digest: str) -> None:
        archive = await self._archive(digest)
        try:
            await asyncio.to_thread(_verify_and_write, copy, digest, archive)
        except ArchiveRefused as error:
            raise PackUnreadable(error.message) from error
        except OSError as error:
            raise PackUnavailable(f"the pack cannot be written: {error.strerror} ({error.filename})") from error

    async def _archive(self, digest: str) -> bytes:
        archive, found = bytearray(), sha256()
        async for chunk in self._download(digest):
            archive += chunk
            found.update(chunk)
            if len(archive) > _ARCHIVE_LIMIT:
                raise PackMismatch(f"the pack {digest[:_SHOWN]} is larger than {_ARCHIVE_LIMIT >> 20} MiB")
        if found.hexdigest() != digest:
            raise PackMismatch(f"the pack {digest[:_SHOWN]} came with the digest {found.hexdigest()[:_SHOWN]}")
        return bytes(archive)

    async def _copy_with_links(self, pack: PackCopy, copy: Path, links: Mapping[str, Path]) -> None:
        for name in links:
            if (pack.root / name).exists():
                raise EnvironmentFailed(f"the pack {pack.document.name} has a {name} of its own", hint=f"remove {name} from the pack")
        try:
            await asyncio.to_thread(_write_from_plain, pack.root, copy, pack.digest, links)
        except OSError as error:
            raise PackUnavailable(f"the pack cannot be written: {error.strerror} ({error.filename})") from error


def _verify_and_write(copy: Path, digest: str, archive: bytes) -> None:
    write_copy(copy, digest, verify_members(archive), {})


def _write_from_plain(plain: Path, copy: Path, digest: str, links: Mapping[str, Path]) -> None:
    files = sorted(path for path in plain.rglob("*") if path.is_file())
    members = (
        Member(path=str(path.relative_to(plain)), mode=0o755 if path.stat().st_mode & 0o100 else 0o644, content=path.read_bytes())
        for path in files
    )
    write_copy(copy, digest, members, links)


def _remove_pack(folder: Path) -> None:
    for path in [path for path in folder.iterdir() if path.is_dir()]:
        remove_copy(path)
    shutil.rmtree(folder)
