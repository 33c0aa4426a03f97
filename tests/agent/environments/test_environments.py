import asyncio
import json
import os
import signal
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import pytest

from attune_agent.environments.build import BuildLimits
from attune_agent.environments.environments import Prepared
from attune_agent.environments.tree_size import TreeLimits
from attune_agent.preparation_errors import (
    BuildDelayed,
    BuildTimedOut,
    EnvironmentTooLarge,
    EnvironmentUnhealthy,
    EnvironmentUnknown,
    InstallFailed,
    LockMissing,
    SourcesRefused,
)
from tests.agent.environments.places import MemoryPack, Place
from tests.agent.environments.small_ecosystem import Small
from tests.waiting import eventually


class MakePlace(Protocol):
    def __call__(self, limits: BuildLimits | None = None) -> Place: ...


@pytest.fixture
def toolchain(tmp_path: Path) -> Path:
    path = tmp_path / "toolchain"
    path.write_text("1.0")
    return path


@pytest.fixture
def make_place(tmp_path: Path, toolchain: Path) -> MakePlace:
    def make(limits: BuildLimits | None = None) -> Place:
        return Place(tmp_path, ecosystems={"python": Small(toolchain)}, limits=limits)

    return make


def pack(script: str, digest: str = "") -> MemoryPack:
    document: dict[str, object] = {"environments": {"own": {"ecosystem": "python", "lock": "env/lock.sh"}}}
    return MemoryPack(document, {"env/lock.sh": script.encode()}, digest or sha256(script.encode()).hexdigest())


def tree_of(place: Place, prepared: Prepared) -> Path:
    assert prepared.key is not None
    return place.root / prepared.key / "tree"


async def test_an_environment_is_built_once_and_found_again_by_the_next_agent(make_place: MakePlace) -> None:
    place = make_place()
    first = await place.environments.prepare(pack("echo x > done"), "own", execution="e1")
    assert first.path == (str(tree_of(place, first) / "bin"),)
    assert await place.environments.prepare(pack("echo x > done"), "own", execution="e2") == first
    assert await place.environments.prepare(pack("echo x > done", digest="cd" * 32), "own", execution="e3") == first
    again = make_place()
    assert await again.environments.prepare(pack("echo x > done"), "own", execution="e4") == first
    assert len(place.commands.installs) == 1
    assert again.commands.installs == []


async def test_a_warm_prepare_runs_no_command_at_all(make_place: MakePlace) -> None:
    place = make_place()
    await place.environments.prepare(pack("echo x > done"), "own", execution="e1")
    ran = len(place.commands.ran)
    await place.environments.prepare(pack("echo x > done"), "own", execution="e2")
    assert len(place.commands.ran) == ran


async def test_an_action_without_environment_gets_nothing(make_place: MakePlace) -> None:
    place = make_place()
    assert await place.environments.prepare(pack("exit 1"), None, execution="e") == Prepared()
    assert place.commands.ran == []


async def test_concurrent_prepares_share_one_build_and_its_end(make_place: MakePlace) -> None:
    place = make_place()
    script = "echo x > done; echo built"
    prepared = await asyncio.gather(*(place.environments.prepare(pack(script), "own", execution=f"e{n}") for n in range(5)))
    assert len(set(map(id, place.commands.installs))) == 1
    assert len({one.key for one in prepared}) == 1
    failing = [place.environments.prepare(pack("exit 7"), "own", execution=f"f{n}") for n in range(5)]
    ends = await asyncio.gather(*failing, return_exceptions=True)
    assert all(isinstance(end, InstallFailed) for end in ends), ends
    own, *others = map(str, ends)
    assert "build log" not in own
    assert all("its build log is that of execution f0" in other for other in others), others
    assert len(place.commands.installs) == 2


async def test_two_agents_on_one_host_build_it_once(make_place: MakePlace) -> None:
    first, second = make_place(), make_place()
    await asyncio.gather(
        first.environments.prepare(pack("sleep 0.3; echo x > done"), "own", execution="a"),
        second.environments.prepare(pack("sleep 0.3; echo x > done"), "own", execution="b"),
    )
    assert len(first.commands.installs) + len(second.commands.installs) == 1


async def test_a_failed_build_is_an_error_without_output_and_leaves_nothing(make_place: MakePlace) -> None:
    place = make_place()
    with pytest.raises(InstallFailed) as failed:
        await place.environments.prepare(pack("echo half > half; echo SECRET-OUTPUT; exit 3"), "own", execution="e1")
    assert "SECRET-OUTPUT" not in str(failed.value)
    assert "exit code 3" in str(failed.value)
    assert "SECRET-OUTPUT" in place.build_log("e1")
    (folder,) = (path for path in place.root.iterdir() if not path.name.startswith("."))
    assert list((folder / "tree").iterdir()) == []
    assert not (folder / "READY").exists()


async def test_what_an_interrupted_build_left_is_wiped_and_not_repaired(make_place: MakePlace) -> None:
    place = make_place()
    prepared = await place.environments.prepare(pack("test ! -e rubbish; echo x > done"), "own", execution="e1")
    tree = tree_of(place, prepared)
    (tree.parent / "READY").unlink()
    (tree / "rubbish").write_text("half of an installation")
    again = make_place()
    assert await again.environments.prepare(pack("test ! -e rubbish; echo x > done"), "own", execution="e2") == prepared
    assert [path.name for path in tree.iterdir()] == ["done"]


async def test_a_ready_record_inside_the_tree_means_nothing(make_place: MakePlace) -> None:
    place = make_place()
    forging = "echo '{}' > READY; cp READY ../READY 2>/dev/null || true; exit 1"
    with pytest.raises(InstallFailed):
        await place.environments.prepare(pack(forging), "own", execution="e1")
    with pytest.raises(InstallFailed):
        await place.environments.prepare(pack(forging), "own", execution="e2")
    assert len(place.commands.installs) == 2


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'{"format": 1, "key": "x"}', b"\xff" * 100])
async def test_a_damaged_ready_record_means_not_ready(make_place: MakePlace, content: bytes) -> None:
    prepared = await make_place().environments.prepare(pack("echo x > done"), "own", execution="e1")
    place = make_place()
    (place.root / str(prepared.key) / "READY").write_bytes(content)
    await place.environments.prepare(pack("echo x > done"), "own", execution="e2")
    assert len(place.commands.installs) == 1
    assert json.loads((place.root / str(prepared.key) / "READY").read_bytes())["format"] == 1


async def test_an_environment_that_vanished_is_built_again(make_place: MakePlace) -> None:
    place = make_place()
    prepared = await place.environments.prepare(pack("echo x > done"), "own", execution="e1")
    (place.root / str(prepared.key) / "READY").unlink()
    assert await place.environments.prepare(pack("echo x > done"), "own", execution="e2") == prepared
    assert len(place.commands.installs) == 2


async def test_an_upgraded_toolchain_makes_another_environment(make_place: MakePlace, toolchain: Path) -> None:
    place = make_place()
    old = await place.environments.prepare(pack("echo x > done"), "own", execution="e1")
    toolchain.write_text("1.0.1")
    new = await place.environments.prepare(pack("echo x > done"), "own", execution="e2")
    assert new.key != old.key
    assert len(place.commands.installs) == 2
    record = json.loads((place.root / str(new.key) / "READY").read_bytes())
    assert record["made_from"]["versions"] == {"small": "1.0.1"}
    assert (place.root / str(old.key) / "READY").is_file(), "the old one is left until room is needed"


async def test_a_changed_source_makes_another_environment_and_stands_where_the_pack_has_it(make_place: MakePlace) -> None:
    place = make_place()
    script = 'cp -R "$(dirname "$0")/src" . && echo x > done'

    def compiled(line: str) -> MemoryPack:
        files = {"env/lock.sh": script.encode(), "env/src/deep/main": line.encode(), "env/other": line.encode(), "src/main": b""}
        document: dict[str, object] = {
            "environments": {"own": {"ecosystem": "python", "lock": "env/lock.sh", "sources": ["env/src/**"]}},
        }
        return MemoryPack(document, files, digest=sha256(line.encode()).hexdigest())

    first = await place.environments.prepare(compiled("one"), "own", execution="e1")
    second = await place.environments.prepare(compiled("two"), "own", execution="e2")
    assert first.key != second.key
    trees = [place.root / str(one.key) / "tree" for one in (first, second)]
    assert [(tree / "src/deep/main").read_text() for tree in trees] == ["one", "two"]
    declared = trees[0].parent / "declared"
    assert {str(path.relative_to(declared)) for path in declared.rglob("*") if path.is_file()} == {"lock.sh", "src/deep/main"}
    assert all(path.stat().st_mode & 0o022 == 0 for path in declared.rglob("*"))


async def test_sources_outside_the_locks_folder_are_refused(make_place: MakePlace) -> None:
    document: dict[str, object] = {"environments": {"own": {"ecosystem": "python", "lock": "env/lock.sh", "sources": ["src/**"]}}}
    outside = MemoryPack(document, {"env/lock.sh": b"", "src/main": b""})
    with pytest.raises(SourcesRefused, match="src/main is not below"):
        await make_place().environments.prepare(outside, "own", execution="e")


async def test_an_environments_arguments_stand_between_a_program_and_the_actions_own() -> None:
    prepared = Prepared(arguments={"java": ("-cp", "/somewhere")})
    assert prepared.command(("java", "Main", "java")) == ("java", "-cp", "/somewhere", "Main", "java")
    assert prepared.command(("sh", "java")) == ("sh", "java")


async def test_an_installer_that_lies_is_caught_before_ready(make_place: MakePlace) -> None:
    place = make_place()
    with pytest.raises(EnvironmentUnhealthy, match="no done"):
        await place.environments.prepare(pack("exit 0"), "own", execution="e")
    assert not list(place.root.glob("*/READY"))


async def test_a_build_ends_at_its_time_limit(make_place: MakePlace) -> None:
    place = make_place(BuildLimits(time=0.3))
    with pytest.raises(BuildTimedOut):
        await place.environments.prepare(pack("sleep 60"), "own", execution="e")


@pytest.mark.parametrize(
    ("script", "limits"),
    [
        ("head -c 5000000 /dev/zero > big; echo x > done", TreeLimits(size=1 << 20)),
        ("for n in 1 2 3 4 5 6 7 8 9; do mkdir -p d/$n; done; echo x > done", TreeLimits(entries=8)),
        ("head -c 5000000 /dev/zero > big; sleep 60", TreeLimits(size=1 << 20)),
    ],
)
async def test_an_environment_beyond_its_size_is_removed(make_place: MakePlace, script: str, limits: TreeLimits) -> None:
    place = make_place(BuildLimits(tree=limits))
    with pytest.raises(EnvironmentTooLarge):
        await place.environments.prepare(pack(script), "own", execution="e")
    assert not list(place.root.glob("*/READY"))
    assert not list(place.root.glob("*/tree/*"))


@pytest.mark.parametrize("then", ["echo x > done", "sleep 60"])
@pytest.mark.parametrize("bits", ["u", "g"])
async def test_a_program_that_would_make_others_the_build_user_ends_the_build(make_place: MakePlace, bits: str, then: str) -> None:
    place = make_place()
    script = f"mkdir deep; cp /bin/true deep/own; chmod {bits}+s,o+x deep/own; {then}"
    with pytest.raises(EnvironmentUnhealthy, match="setuid"):
        await place.environments.prepare(pack(script), "own", execution="e")
    assert not list(place.root.glob("*/READY"))
    assert not list(place.root.glob("*/tree/*"))


async def test_a_build_nobody_waits_for_any_more_is_ended(make_place: MakePlace, tmp_path: Path) -> None:
    place = make_place()
    script = f"echo $$ > {tmp_path}/pid; sleep 60; echo x > done"
    waiting = [asyncio.create_task(place.environments.prepare(pack(script), "own", execution=f"e{n}")) for n in range(2)]
    await eventually((tmp_path / "pid").exists)
    waiting[0].cancel()
    await asyncio.wait({waiting[0]})
    assert is_alive(tmp_path / "pid")
    waiting[1].cancel()
    await asyncio.wait({waiting[1]})
    assert all(one.cancelled() for one in waiting)
    assert not is_alive(tmp_path / "pid")


def is_alive(path: Path) -> bool:
    try:
        os.kill(int(path.read_text()), signal.SIG_DFL)
    except ProcessLookupError:
        return False
    return True


async def test_an_undeclared_environment_and_a_missing_lock_are_the_authors_mistakes(make_place: MakePlace) -> None:
    place = make_place()
    with pytest.raises(EnvironmentUnknown, match="other"):
        await place.environments.prepare(pack(""), "other", execution="e")
    empty = pack("")
    empty.files.clear()
    with pytest.raises(LockMissing, match=r"env/lock\.sh"):
        await place.environments.prepare(empty, "own", execution="e")


async def test_a_folder_that_cannot_be_written_lets_the_execution_wait(make_place: MakePlace, tmp_path: Path) -> None:
    place = make_place()
    prepared = await place.environments.prepare(pack("echo x > done"), "own", execution="e")
    again = make_place()
    (again.root / str(prepared.key) / "READY").unlink()
    (again.root / str(prepared.key) / "READY").mkdir()
    with pytest.raises(BuildDelayed):
        await again.environments.prepare(pack("echo x > done"), "own", execution="e")


async def test_environments_can_be_entered_and_read_by_everybody_whatever_the_umask(make_place: MakePlace) -> None:
    place = make_place()
    before = os.umask(0o077)
    try:
        prepared = await place.environments.prepare(pack("umask 022; echo x > done"), "own", execution="e")
    finally:
        os.umask(before)
    folder = place.root / str(prepared.key)
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (folder / "declared").stat().st_mode & 0o777 == 0o755
    assert (folder / "declared/lock.sh").stat().st_mode & 0o777 == 0o644
