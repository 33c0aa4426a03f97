"""A pack's archive: one deterministic, uncompressed tar, so that its digest names the content and nothing else.

Written for the Catalog's digests and for the controller's pack route; read with `verify_members` by agents before they unpack.
Sorted, mtime 0, uid and gid 0, modes 644 and 755, regular files only.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass

from attune_core.catalog.errors import ArchiveRefused

#: As for a repository; an archive is one of its packs.
_MEMBERS, _BLOCK = 20_000, 10_240


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One file of a pack: its path from the pack's root, 0o644 or 0o755, its bytes."""

    path: str
    mode: int
    content: bytes


def write_archive(members: Iterable[Member]) -> bytes:
    """Return the tar of these files; the same files give the same bytes whatever their order here."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT, bufsize=_BLOCK) as tar:
        for member in sorted(members, key=lambda one: one.path):
            header = tarfile.TarInfo(member.path)
            header.size = len(member.content)
            header.mode = 0o755 if member.mode & 0o100 else 0o644
            tar.addfile(header, io.BytesIO(member.content))
    return written.getvalue()


def digest_of_archive(archive: bytes) -> str:
    """Return the digest by which agents fetch a pack: sha256, hex."""
    return hashlib.sha256(archive).hexdigest()


def verify_members(archive: bytes) -> list[Member]:
    """Return the files of an archive; `ArchiveRefused` if anything in it is not what `write_archive` writes.

    Nothing is unpacked here: absolute paths, `..`, links, devices, duplicates, a file that is also a folder and foreign modes end it.
    """
    members: dict[str, Member] = {}
    folders: set[str] = set()
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
            for header in tar:
                if len(members) >= _MEMBERS:
                    raise ArchiveRefused(f"the archive has more than {_MEMBERS} members")
                member = _member(tar, header)
                if member.path in members or member.path in folders:
                    raise ArchiveRefused(f"the archive holds {member.path[:200]!r} twice")
                members[member.path] = member
                folders.update(_folders(member.path))
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise ArchiveRefused(f"the archive is no tar: {error}") from error
    if clash := folders & members.keys():
        raise ArchiveRefused(f"the archive holds {min(clash)[:200]!r} as file and folder")
    if list(members) != sorted(members):
        raise ArchiveRefused("the archive's members are not in order")
    return list(members.values())


def _member(tar: tarfile.TarFile, header: tarfile.TarInfo) -> Member:
    shown = header.name[:200]
    if header.type != tarfile.REGTYPE or header.issparse():
        raise ArchiveRefused(f"the archive holds {shown!r}, which is not a regular file")
    if any(part in ("", ".", "..") for part in header.name.split("/")) or "\\" in header.name or "\0" in header.name:
        raise ArchiveRefused(f"the archive holds {shown!r}, which is no path inside a pack")
    if header.mode not in (0o644, 0o755) or header.mtime or header.uid or header.gid:
        raise ArchiveRefused(f"the archive holds {shown!r} with a foreign mode, owner or time")
    file = tar.extractfile(header)
    content = file.read() if file is not None else b""
    if len(content) != header.size:
        raise ArchiveRefused(f"the archive ends inside {shown!r}")
    return Member(path=header.name, mode=header.mode, content=content)


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
