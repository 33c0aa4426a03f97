"""The bound of all environments: what is removed, in which order, and what never is."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

import pytest

from attune_agent.environments.build_record import BuildRecord, read_build_record
from attune_agent.environments.stored import Stored, beyond
from attune_agent.preparation_errors import EnvironmentInUse, EnvironmentNotFound, EnvironmentNotRemoved, InstallFailed
from tests.agent.environments.places import MemoryPack, Place
from tests.agent.environments.small_ecosystem import Small
from tests.agent.environments.test_environments import pack
from tests.waiting import eventually

MEBIBYTE = 1 << 20


class MakePlace(Protocol):
    def __call__(self, bound: int = 1 << 30) -> Place: ...


@pytest.fixture
def make_place(tmp_path: Path) -> MakePlace:
    (tmp_path / "toolchain").write_text("1.0")

    def make(bound: int = 1 << 30) -> Place:
        return Place(tmp_path, ecosystems={"python": Small(tmp_path / "toolchain")}, bound=bound)

    return make


def of_size(name: str, mebibytes: int = 1) -> MemoryPack:
    """A pack whose environment has about that size."""
    return pack(f"head -c {mebibytes << 20} /dev/urandom > {name}; echo x > done")


async def build(place: Place, one: MemoryPack, execution: str, *, settled: bool = True) -> str:
    prepared = await place.environments.prepare(one, "own", execution=execution)
    if settled:
        place.environments.store.release(execution)
    assert prepared.key is not None
    return prepared.key


def use_at(place: Place, key: str, seconds: float) -> None:
    os.utime(place.root / key / "used", (seconds, seconds))


def keys(place: Place) -> set[str]:
    return {path.parent.name for path in place.root.glob("*/READY")}


async def test_beyond_the_bound_the_least_recently_used_goes_first(make_place: MakePlace) -> None:
    place = make_place(5 * MEBIBYTE)
    first, second, third = [await build(place, of_size(name), name) for name in ("a", "b", "c")]
    for age, key in enumerate((second, third, first)):
        use_at(place, key, 1_000_000 + age)
    big = await build(place, of_size("d", 3), "d")
    await eventually(lambda: not (place.root / second).exists() and not (place.root / third).exists())
    assert keys(place) == {first, big}


async def test_using_an_environment_is_remembered_beside_it(make_place: MakePlace) -> None:
    place = make_place()
    key = await build(place, of_size("a"), "a")
    use_at(place, key, 1_000_000)
    await build(place, of_size("a"), "b", settled=False)
    (one,) = place.environments.store.all()
    assert time.time() - one.used_at < 60
    use_at(place, key, 1_000_000)
    place.environments.store.release("b")
    (one,) = place.environments.store.all()
    assert time.time() - one.used_at < 60


async def test_what_is_in_use_is_never_removed_whoever_uses_it(make_place: MakePlace) -> None:
    place, other = make_place(2 * MEBIBYTE), make_place()
    held = await build(place, of_size("a"), "a", settled=False)
    held_by_another_agent = await build(other, of_size("b"), "b", settled=False)
    running = await build(place, of_size("c"), "c")
    place.commands.running.add(running)
    idle = await build(place, of_size("d"), "d")
    new = await build(place, of_size("e"), "e")
    await eventually(lambda: idle not in keys(place))
    await place.environments.store.shrink()
    assert keys(place) >= {held, held_by_another_agent, running}
    for key in (held, held_by_another_agent, running):
        with pytest.raises(EnvironmentInUse):
            await place.environments.store.remove(key)
    assert await place.environments.store.in_use() == {held, held_by_another_agent, running}
    place.environments.store.release("a")
    other.environments.store.release("b")
    place.commands.running.clear()
    await place.environments.store.shrink()
    assert len(keys(place)) <= 1
    assert new not in {held, held_by_another_agent, running}


async def test_an_agent_that_dies_no_longer_holds_what_it_used(make_place: MakePlace, tmp_path: Path) -> None:
    place = make_place()
    key = await build(place, of_size("a"), "a")
    program = "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_SH); print(flush=True); sys.stdin.read()"
    argv = (sys.executable, "-c", program, str(place.root / key / "used"))
    agent = await asyncio.create_subprocess_exec(*argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert agent.stdout is not None
    await agent.stdout.readline()
    with pytest.raises(EnvironmentInUse):
        await place.environments.store.remove(key)
    agent.kill()
    await agent.wait()
    await place.environments.store.remove(key)
    assert not (place.root / key).exists()


async def test_several_executions_hold_one_environment_until_the_last_is_settled(make_place: MakePlace) -> None:
    place = make_place()
    store = place.environments.store
    key = await build(place, of_size("a"), "one", settled=False)
    await build(place, of_size("a"), "two", settled=False)
    store.release("one")
    store.release("one")
    with pytest.raises(EnvironmentInUse):
        await store.remove(key)
    store.release("two")
    await store.remove(key)
    with pytest.raises(EnvironmentNotFound):
        await store.remove(key)


async def test_a_removed_environment_is_built_again_also_for_who_wanted_it_meanwhile(make_place: MakePlace) -> None:
    place = make_place()
    key = await build(place, of_size("a"), "a")
    removal = asyncio.create_task(place.environments.store.remove(key))
    await asyncio.sleep(0)
    assert await build(place, of_size("a"), "b") == key
    await removal
    assert keys(place) == {key}
    assert len(place.commands.installs) == 2


async def test_a_removal_that_fails_half_way_leaves_nothing_that_looks_whole(make_place: MakePlace) -> None:
    place = make_place()
    key = await build(place, of_size("a"), "a")
    place.commands.broken = True
    with pytest.raises(EnvironmentNotRemoved):
        await place.environments.store.remove(key)
    assert not (place.root / key / "READY").exists()
    place.commands.broken = False
    assert await build(place, of_size("a"), "b") == key
    assert len(place.commands.installs) == 2


async def test_leftovers_are_swept_but_not_what_is_being_built(make_place: MakePlace, tmp_path: Path) -> None:
    place = make_place()
    with pytest.raises(InstallFailed):
        await build(place, pack("exit 1"), "a")
    place.environments.store.release("a")
    (place.root / ("0" * 16)).mkdir()
    (place.root / "somebody's").mkdir()
    building = asyncio.create_task(
        build(make_place(), pack(f"touch {tmp_path}/began; while [ ! -e {tmp_path}/go ]; do sleep 0.01; done; touch done"), "b")
    )
    await eventually((tmp_path / "began").exists)
    await place.environments.store.shrink()
    (left,) = [path.name for path in place.root.iterdir() if path.name not in {"somebody's", ".builder"}]
    (tmp_path / "go").touch()
    assert await building == left


async def test_the_size_of_an_environment_is_measured_by_its_build_and_read_afterwards(make_place: MakePlace) -> None:
    place = make_place()
    key = await build(place, of_size("a", 2), "execution-1")
    record = read_build_record(place.root / key)
    assert record is not None
    assert (record.pack, record.environment, record.execution, record.entries) == ("web", "own", "execution-1", 2)
    assert 2 * MEBIBYTE <= record.size < 3 * MEBIBYTE
    (place.root / key / "tree" / "a").unlink()
    (one,) = make_place().environments.store.all()
    assert one.size == record.size


def one(key: str, used_at: float, size: int, *, whole: bool = True) -> Stored:
    built = BuildRecord(pack="web", environment="own", execution="e", built_at=0, seconds=1, size=size, entries=1)
    return Stored(key=key, made_from={} if whole else None, built=built, used_at=used_at)


@pytest.mark.parametrize(
    ("environments", "in_use", "going"),
    [
        ([], "", ""),
        ([one("a", 1, 4), one("b", 2, 6)], "", ""),
        ([one("a", 1, 4), one("b", 2, 7)], "", "a"),
        ([one("a", 2, 4), one("b", 1, 7)], "", "b"),
        ([one("a", 1, 4), one("b", 2, 7)], "a", "b"),
        ([one("a", 1, 4), one("b", 2, 7)], "ab", ""),
        ([one("a", 1, 40)], "", "a"),
        ([one("a", 1, 1), one("b", 2, 1), one("c", 3, 9)], "", "a"),
        ([one("a", 1, 1), one("b", 2, 1), one("c", 3, 10)], "", "ab"),
        ([one("a", 1, 1, whole=False), one("b", 2, 1)], "", "a"),
        ([one("a", 1, 99, whole=False), one("b", 2, 1)], "a", ""),
        ([one("b", 1, 6), one("a", 1, 6)], "", "a"),
    ],
)
def test_what_has_to_go(environments: list[Stored], in_use: str, going: str) -> None:
    assert [one.key for one in beyond(10, environments, set(in_use))] == list(going)
