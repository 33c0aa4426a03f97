"""A pack's archive: the same files give the same bytes, and nothing but what Attune writes is taken back."""

import io
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_core.catalog.archive import Member, digest_of_archive, verify_members, write_archive
from attune_core.catalog.errors import ArchiveRefused

MEMBERS = [
    Member(path="pack.yaml", mode=0o644, content=b"name: web\n"),
    Member(path="actions/run.sh", mode=0o755, content=b"#!/bin/sh\n"),
    Member(path="actions/größe " + "x" * 200, mode=0o644, content=b"\x00" * 1000),
    Member(path="empty", mode=0o644, content=b""),
]


def test_the_order_of_files_does_not_change_the_archive() -> None:
    assert write_archive(MEMBERS) == write_archive(reversed(MEMBERS))


def test_the_digest_of_these_files_never_changes() -> None:
    plain = [member for member in MEMBERS if member.path.isascii()]
    assert digest_of_archive(write_archive(plain)) == "d37ca004fac013a6a6267205761ec1677532ed815f6566ec9e5c7e1a84580a4c"


def test_what_was_written_is_read_back() -> None:
    assert verify_members(write_archive(MEMBERS)) == sorted(MEMBERS, key=lambda member: member.path)
    assert verify_members(write_archive([])) == []


def test_only_the_executable_bit_of_a_mode_is_kept() -> None:
    odd = [Member(path="a", mode=0o777, content=b""), Member(path="b", mode=0o600, content=b"")]
    assert [member.mode for member in verify_members(write_archive(odd))] == [0o755, 0o644]


def tar(change: Callable[[tarfile.TarInfo], None], *, names: tuple[str, ...] = ("file",), form: int = tarfile.PAX_FORMAT) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=form) as archive:
        for name in names:
            header = tarfile.TarInfo(name)
            header.mode = 0o644
            change(header)
            archive.addfile(header, io.BytesIO(b"x" * header.size))
    return written.getvalue()


def setting(**values: object) -> Callable[[tarfile.TarInfo], None]:
    def change(header: tarfile.TarInfo) -> None:
        for name, value in values.items():
            setattr(header, name, value)

    return change


NOTHING = setting()


@pytest.mark.parametrize(
    "raw",
    [
        tar(setting(name="/etc/passwd")),
        tar(setting(name="../up")),
        tar(setting(name="a/../../up")),
        tar(setting(name="a//b")),
        tar(setting(name="./a")),
        tar(setting(name="a\\b")),
        tar(setting(name="")),
        tar(setting(type=tarfile.SYMTYPE, linkname="/etc/passwd")),
        tar(setting(type=tarfile.LNKTYPE, linkname="file")),
        tar(setting(type=tarfile.DIRTYPE)),
        tar(setting(type=tarfile.FIFOTYPE)),
        tar(setting(type=tarfile.CHRTYPE, devmajor=1, devminor=3)),
        tar(setting(type=tarfile.BLKTYPE)),
        tar(setting(type=tarfile.CONTTYPE)),
        tar(setting(type=b"Z")),
        tar(setting(mode=0o4755)),
        tar(setting(mode=0o666)),
        tar(setting(uid=1000)),
        tar(setting(gid=5)),
        tar(setting(mtime=1)),
        tar(NOTHING, names=("a", "a")),
        tar(NOTHING, names=("b", "a")),
        tar(NOTHING, names=("a", "a/b")),
        tar(NOTHING, names=("a/b", "a")),
        tar(setting(pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "99999999999"})),
        tar(setting(pax_headers={"path": "/etc/passwd"})),
        tar(setting(size=5000))[:2000],
        b"not a tar at all",
        b"\x1f\x8b" + b"x" * 600,
        b"",
    ],
)
def test_any_other_archive_is_refused(raw: bytes) -> None:
    with pytest.raises(ArchiveRefused):
        verify_members(raw)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 4000), st.integers(0, 255))
def test_a_flipped_byte_gives_other_members_or_a_refusal_and_no_other_error(place: int, value: int) -> None:
    raw = bytearray(write_archive(MEMBERS))
    raw[place] = value
    try:
        members = verify_members(bytes(raw))
    except ArchiveRefused:
        return
    assert all(".." not in member.path.split("/") and not member.path.startswith("/") for member in members)
