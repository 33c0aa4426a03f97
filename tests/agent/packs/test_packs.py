import asyncio
import io
import os
import subprocess
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from attune_agent.packs.pack_copy import PackCopy
from attune_agent.packs.packs import Packs
from attune_agent.preparation_errors import EnvironmentFailed, PackMismatch, PackUnavailable, PackUnreadable
from attune_core.catalog.archive import Member, digest_of_archive, write_archive

PACK = b"name: web\nversion: 1.0.0\ndescription: for tests\n"
ACTION = b"description: says hello\nrun: [./hello.sh]\n"
MEMBERS = (
    Member(path="pack.yaml", mode=0o644, content=PACK),
    Member(path="actions/hello.yaml", mode=0o644, content=ACTION),
    Member(path="actions/hello.sh", mode=0o755, content=b"#!/bin/sh\necho hello\n"),
    Member(path="lib/deep/er/x.txt", mode=0o644, content=b"x"),
)


class Source:
    """Serves archives by digest, in small pieces, and counts."""

    def __init__(self, *archives: bytes) -> None:
        self.archives = {digest_of_archive(archive): archive for archive in archives}
        self.served = 0

    async def download(self, digest: str) -> AsyncIterator[bytes]:
        self.served += 1
        archive = self.archives[digest]
        for start in range(0, len(archive), 1000):
            await asyncio.sleep(0)
            yield archive[start : start + 1000]


ARCHIVE = write_archive(MEMBERS)
DIGEST = digest_of_archive(ARCHIVE)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "packs").mkdir()
    return tmp_path / "packs"


async def test_a_pack_is_fetched_once_and_its_documents_are_models(root: Path) -> None:
    source = Source(ARCHIVE)
    packs = Packs(root, download=source.download)
    pack = await packs.fetch(DIGEST)
    assert pack.document.name == "web"
    assert pack.action("hello").run == ("./hello.sh",)
    assert pack.action("hello") is pack.action("hello")
    assert pack.read("lib/deep/er/x.txt", 10) == b"x"
    assert await packs.fetch(DIGEST) is pack
    assert (await Packs(root, download=source.download).fetch(DIGEST)).root == pack.root
    assert source.served == 1


async def test_many_who_want_one_pack_cause_one_download(root: Path) -> None:
    source = Source(ARCHIVE)
    packs = Packs(root, download=source.download)
    found = await asyncio.gather(*(packs.fetch(DIGEST) for _ in range(10)))
    assert source.served == 1
    assert {one.root for one in found} == {root / DIGEST[:16] / "plain"}


async def test_a_copy_is_for_everybody_to_read_and_for_nobody_to_write(root: Path) -> None:
    before = os.umask(0o077)
    try:
        pack = await Packs(root, download=Source(ARCHIVE).download).fetch(DIGEST)
    finally:
        os.umask(before)
    modes = {str(path.relative_to(pack.root)): path.stat().st_mode & 0o777 for path in pack.root.rglob("*")}
    assert modes == {
        "pack.yaml": 0o444,
        "actions": 0o555,
        "actions/hello.yaml": 0o444,
        "actions/hello.sh": 0o555,
        "lib": 0o555,
        "lib/deep": 0o555,
        "lib/deep/er": 0o555,
        "lib/deep/er/x.txt": 0o444,
    }
    assert pack.root.stat().st_mode & 0o777 == 0o555
    assert pack.root.parent.stat().st_mode & 0o777 == 0o755


async def test_another_content_than_the_digest_names_is_refused_and_not_kept(root: Path) -> None:
    source = Source(ARCHIVE)
    source.archives[DIGEST] = ARCHIVE[:600] + b"X" + ARCHIVE[601:]
    packs = Packs(root, download=source.download)
    with pytest.raises(PackMismatch):
        await packs.fetch(DIGEST)
    assert list(root.iterdir()) == []
    source.archives[DIGEST] = ARCHIVE
    assert (await packs.fetch(DIGEST)).document.name == "web"


@pytest.mark.parametrize("digest", ["", "../../etc", "0" * 63, "G" * 64, DIGEST.upper()])
async def test_what_is_no_digest_never_becomes_a_path(root: Path, digest: str) -> None:
    with pytest.raises(PackMismatch):
        await Packs(root, download=Source(ARCHIVE).download).fetch(digest)
    assert list(root.iterdir()) == []


async def test_a_copy_without_its_mark_is_removed_and_written_again(root: Path) -> None:
    source = Source(ARCHIVE)
    pack = await Packs(root, download=source.download).fetch(DIGEST)
    (pack.root.parent / "plain.complete").unlink()
    (pack.root / "actions").chmod(0o755)
    (pack.root / "actions/rubbish").write_text("left by a crash")
    again = await Packs(root, download=source.download).fetch(DIGEST)
    assert source.served == 2
    assert not (again.root / "actions/rubbish").exists()


async def test_the_mark_of_another_pack_with_the_same_beginning_does_not_count(root: Path) -> None:
    source = Source(ARCHIVE)
    pack = await Packs(root, download=source.download).fetch(DIGEST)
    (pack.root.parent / "plain.complete").write_text(DIGEST[:16] + "0" * 48)
    await Packs(root, download=source.download).fetch(DIGEST)
    assert source.served == 2


async def test_a_pack_that_vanished_while_the_agent_runs_is_fetched_again(root: Path) -> None:
    source = Source(ARCHIVE)
    packs = Packs(root, download=source.download)
    pack = await packs.fetch(DIGEST)
    (pack.root.parent / "plain.complete").unlink()
    await packs.fetch(DIGEST)
    assert source.served == 2


def tar(name: str, kind: bytes = tarfile.REGTYPE, *, twice: bool = False, mode: int = 0o644, target: str = "") -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as out:
        for _ in range(2 if twice else 1):
            header = tarfile.TarInfo(name)
            header.type, header.mode, header.linkname = kind, mode, target
            header.size = 2 if kind == tarfile.REGTYPE else 0
            out.addfile(header, io.BytesIO(b"ok"))
    return written.getvalue()


@pytest.mark.parametrize(
    "archive",
    [
        tar("../escape"),
        tar("/etc/escape"),
        tar("a/../../escape"),
        tar("a//b"),
        tar("a\\..\\b"),
        tar("link", tarfile.SYMTYPE, target="/etc/passwd"),
        tar("hard", tarfile.LNKTYPE, target="pack.yaml"),
        tar("fifo", tarfile.FIFOTYPE),
        tar("device", tarfile.CHRTYPE),
        tar("folder", tarfile.DIRTYPE),
        tar("twice", twice=True),
        tar("setuid", mode=0o4755),
        b"no tar at all" * 100,
        ARCHIVE[:700],
    ],
    ids=range(14),
)
async def test_a_tar_with_entries_that_no_pack_has_is_refused_whole(root: Path, archive: bytes) -> None:
    with pytest.raises(PackUnreadable):
        await Packs(root, download=Source(archive).download).fetch(digest_of_archive(archive))
    assert not [path for path in root.parent.rglob("*") if path.is_file() or path.is_symlink()]


@pytest.mark.parametrize("document", [None, b"", b"name: [", b"name: web\n", b"name: Web\nversion: 1.0.0\ndescription: x\n"])
async def test_a_pack_whose_document_cannot_be_read_is_refused_with_the_place(root: Path, document: bytes | None) -> None:
    members = [] if document is None else [Member(path="pack.yaml", mode=0o644, content=document)]
    archive = write_archive([*members, Member(path="x", mode=0o644, content=b"")])
    with pytest.raises(PackUnreadable, match=r"pack\.yaml"):
        await Packs(root, download=Source(archive).download).fetch(digest_of_archive(archive))


@pytest.mark.parametrize("name", ["absent", "../pack", "Hello", ""])
async def test_an_action_that_is_not_there_is_said(root: Path, name: str) -> None:
    pack = await Packs(root, download=Source(ARCHIVE).download).fetch(DIGEST)
    with pytest.raises(PackUnreadable):
        pack.action(name)


async def test_a_copy_reads_nothing_outside_itself_and_nothing_too_large(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("x")
    pack = await Packs(root, download=Source(ARCHIVE).download).fetch(DIGEST)
    for path in ("../../../outside", str(tmp_path / "outside"), "actions", "absent", "a\0b", "."):
        assert pack.read(path, 100) is None
    assert pack.read("./lib/../lib/deep/er/x.txt", 1) == b"x"
    assert pack.read("actions/hello.yaml", 3) is None


async def test_the_link_into_an_environment_is_the_only_one_of_the_copy(root: Path, tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    modules.mkdir()
    packs = Packs(root, download=Source(ARCHIVE).download)
    pack = await packs.fetch(DIGEST)
    assert await packs.place(pack, "0123456789abcdef", {}) == pack.root
    assert await packs.place(pack, None, {}) == pack.root
    placed = await asyncio.gather(*(packs.place(pack, "0123456789abcdef", {"node_modules": modules}) for _ in range(5)))
    (copy,) = set(placed)
    assert copy == root / DIGEST[:16] / "0123456789abcdef"
    assert (copy / "node_modules").readlink() == modules
    assert [path for path in copy.rglob("*") if path.is_symlink()] == [copy / "node_modules"]
    assert not [path for path in pack.root.rglob("*") if path.is_symlink()]
    assert (copy / "actions/hello.sh").stat().st_mode & 0o777 == 0o555
    assert PackCopy(copy, DIGEST).action("hello").run == ("./hello.sh",)


async def test_a_pack_that_brings_its_own_node_modules_gets_no_link(root: Path) -> None:
    archive = write_archive([*MEMBERS, Member(path="node_modules/x", mode=0o644, content=b"")])
    packs = Packs(root, download=Source(archive).download)
    pack = await packs.fetch(digest_of_archive(archive))
    with pytest.raises(EnvironmentFailed, match="node_modules"):
        await packs.place(pack, "0123456789abcdef", {"node_modules": root})


async def test_packs_that_nobody_needs_are_removed(root: Path) -> None:
    archives = [write_archive([*MEMBERS, Member(path=name, mode=0o644, content=b"")]) for name in ("a", "b", "c")]
    unused, named, used = map(digest_of_archive, archives)
    source = Source(*archives)
    earlier = Packs(root, download=source.download)
    for digest in (unused, named, used):
        await earlier.place(await earlier.fetch(digest), "0123456789abcdef", {"node_modules": root})
    (root / f".removed-{'0' * 16}").mkdir()
    packs = Packs(root, download=source.download)
    await packs.fetch(used)
    await packs.shrink([named], 2)
    assert {path.name for path in root.iterdir()} == {named[:16], used[:16]}
    assert source.served == 3
    assert (await packs.fetch(unused)).document.name == "web"
    assert source.served == 4


async def test_the_least_recently_used_pack_goes_first_and_none_that_is_needed(root: Path) -> None:
    archives = [write_archive([*MEMBERS, Member(path=name, mode=0o644, content=b"")]) for name in ("a", "b", "c")]
    first, second, third = map(digest_of_archive, archives)
    packs = Packs(root, download=Source(*archives).download)
    for digest in (first, second, third, first):
        await packs.fetch(digest)
    await packs.shrink([], 3)
    assert len(list(root.iterdir())) == 3
    await packs.shrink([], 2)
    assert {path.name for path in root.iterdir()} == {third[:16], first[:16]}
    await packs.shrink([third, first], 0)
    assert {path.name for path in root.iterdir()} == {third[:16], first[:16]}


async def test_a_disk_that_cannot_be_written_lets_the_execution_wait(tmp_path: Path) -> None:
    (tmp_path / "packs").write_text("a file, not a folder")
    with pytest.raises(PackUnavailable):
        await Packs(tmp_path / "packs", download=Source(ARCHIVE).download).fetch(DIGEST)


async def test_an_esm_import_finds_its_package_through_the_packs_one_link(root: Path, tmp_path: Path) -> None:
    packs = Packs(root, download=Source(ARCHIVE).download)
    modules = tmp_path / "modules"
    (modules / "here").mkdir(parents=True)
    (modules / "here/package.json").write_text('{"name": "here", "version": "1.0.0", "type": "module", "exports": "./index.js"}')
    (modules / "here/index.js").write_text("export default 7\n")
    place = await packs.place(await packs.fetch(DIGEST), "0123456789abcdef", {"node_modules": modules})
    program = 'import here from "here"; console.log(here)'
    argv = ["node", "--input-type=module", "-e", program]
    done = await asyncio.to_thread(subprocess.run, argv, cwd=place / "actions", capture_output=True, check=True)
    assert done.stdout == b"7\n"
