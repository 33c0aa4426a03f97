"""Limits of an attempt's memory, processes and descriptors: bounded together, told when hit, and nobody else's affair."""

import asyncio
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from attune_agent.executor.cgroups import Groups, find_groups
from attune_agent.executor_errors import StartRefused
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import Ended, How, Kind, Limit, ProcessLimits, SpoolBounds
from tests.agent.executor.hosted import FIRST_UID, Hosted, hosted, log_of, request, run, shell

MIB = 1 << 20
PYTHON = "/usr/bin/python3"
#: Takes memory until it is killed, in itself or in so many children.
MEMORY_BOMB = (
    "import os, sys\nfor _ in range(int(sys.argv[1])): os.fork() and os.fork()\nkept = []\nwhile True: kept.append(bytearray(1 << 20))"
)
#: Forks as fast as it can and never gives up; its children only wait.
FORK_BOMB = """
import os, signal, time
most = 0
for _ in range(300):
    try:
        if os.fork() == 0:
            signal.pause()
        most += 1
    except BlockingIOError:
        pass
print(most)
raise SystemExit(9)
"""
HOST_LIMITS = ("--processes=100", f"--memory={256 * MIB}")


@pytest.fixture(scope="module")
def executor() -> Iterator[Hosted]:
    with hosted("uids", start=False) as it:
        it.start(more=HOST_LIMITS)
        yield it


@pytest.fixture
def groups(executor: Hosted) -> Iterator[Groups]:
    """What this host counts in groups; they are the executor's, and stay."""
    found = find_groups("a test of what there is")
    if found is None or len(found.limits) < 2:
        pytest.skip("needs cgroup controllers for memory and pids that can be written")
    yield found
    found.remove()


pytestmark = pytest.mark.root
counted = pytest.mark.usefixtures("groups")


@counted
async def test_a_fork_bomb_gets_no_further_than_its_limit_and_is_told(link: ExecutorLink) -> None:
    ended = await run(link, request(PYTHON, "-c", FORK_BOMB, limits=ProcessLimits(processes=20)))
    assert (ended.how, ended.exit_code, ended.limit) == (How.EXITED, 9, Limit.PROCESSES)
    assert int(log_of(ended.log_directory)) == 19
    assert ended.duration < 20


@counted
async def test_the_hosts_limit_bounds_what_the_action_asks_for(link: ExecutorLink) -> None:
    ended = await run(link, request(PYTHON, "-c", FORK_BOMB, limits=ProcessLimits(processes=500)))
    assert (int(log_of(ended.log_directory)), ended.limit) == (99, Limit.PROCESSES)
    ended = await run(link, request(PYTHON, "-c", MEMORY_BOMB, "0", limits=ProcessLimits(memory=1 << 40), timeout=20.0))
    assert (ended.how, ended.limit) == (How.SIGNALLED, Limit.MEMORY)


@counted
async def test_a_memory_bomb_is_killed_at_its_limit_and_told(link: ExecutorLink) -> None:
    ended = await run(link, request(PYTHON, "-c", MEMORY_BOMB, "0", limits=ProcessLimits(memory=64 * MIB)))
    assert (ended.how, ended.signal, ended.limit) == (How.SIGNALLED, 9, Limit.MEMORY)


@counted
async def test_many_small_processes_together_hit_the_limit_and_not_their_keeper(link: ExecutorLink) -> None:
    script = f"for n in $(seq 60); do {PYTHON} -c 'kept = bytearray(4 << 20); import time; time.sleep(3)' & done; wait; exit 5"
    ended = await run(link, shell(script, limits=ProcessLimits(memory=96 * MIB), timeout=60.0))
    assert (ended.how, ended.exit_code, ended.limit) == (How.EXITED, 5, Limit.MEMORY)


@counted
async def test_a_limit_that_was_hit_is_not_told_of_the_next_attempt(link: ExecutorLink, executor: Hosted) -> None:
    for _ in range(3):
        hit = await run(link, request(PYTHON, "-c", FORK_BOMB, limits=ProcessLimits(processes=5)))
        assert hit.limit is Limit.PROCESSES
        assert (await run(link, shell("exit 4"))).limit is Limit.NONE
    assert len(executor.keepers()) == 4


@counted
async def test_a_slot_whose_keeper_ends_with_its_attempt_tells_each_time_that_a_limit_was_hit(link: ExecutorLink) -> None:
    bomb = request(PYTHON, "-c", MEMORY_BOMB, "0", limits=ProcessLimits(memory=48 * MIB))
    for attempt in (1, 2):
        sensor = replace(bomb, attempt=attempt, kind=Kind.SENSOR, spool=SpoolBounds(segment=4096, segments=2))
        assert (await run(link, sensor)).limit is Limit.MEMORY


@pytest.fixture
def memory_for_all() -> Iterator[Hosted]:
    """An executor of one slot, beside a tmpfs in which everybody may write."""
    with hosted("uids", start=False, first_uid=FIRST_UID + 10) as it:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "left", it.open], check=True)
        try:
            it.start(slots=1, more=HOST_LIMITS)
            yield it
        finally:
            subprocess.run(["umount", it.open], check=True)


@counted
async def test_what_an_attempt_left_on_a_tmpfs_does_not_hold_up_the_next_ones(memory_for_all: Hosted) -> None:
    async with ExecutorLink(memory_for_all.run) as link:
        assert (await run(link, shell(f"head -c {100 * MIB} /dev/zero > {memory_for_all.open}/left"))).exit_code == 0
        small, refusals = shell("exit 4", limits=ProcessLimits(memory=32 * MIB)), set[str]()
        ended: Ended | None = None
        async with asyncio.timeout(20):
            while ended is None:
                try:
                    ended = await run(link, small)
                except StartRefused as error:
                    refusals.add(error.message.partition(":")[0])
    assert (ended.exit_code, ended.limit) == (4, Limit.NONE)
    assert refusals <= {"busy_host", "no_slot"}, "both pass by themselves"


@counted
async def test_neighbours_are_not_hit(link: ExecutorLink) -> None:
    async def neighbour() -> Ended:
        return await run(link, shell("for n in $(seq 40); do /bin/true || exit 1; done; head -c 30000000 /dev/zero | tail -c 1 | wc -c"))

    bomb = run(link, request(PYTHON, "-c", MEMORY_BOMB, "1", limits=ProcessLimits(memory=64 * MIB, processes=10), timeout=20.0))
    bombed, one, another = await asyncio.gather(bomb, neighbour(), neighbour())
    assert bombed.limit is Limit.MEMORY
    assert [(ended.exit_code, ended.limit) for ended in (one, another)] == [(0, Limit.NONE)] * 2


async def test_descriptors_are_bounded_and_no_core_is_written(link: ExecutorLink) -> None:
    ended = await run(link, shell("ulimit -Sn; ulimit -Hn; ulimit -c"))
    soft, hard, core = map(int, log_of(ended.log_directory).split())
    assert (soft, core) == (1024, 0)
    assert hard <= 65_536


async def test_an_executor_that_ends_leaves_no_group(groups: Groups) -> None:
    with hosted("uids", first_uid=FIRST_UID + 10) as it:
        async with ExecutorLink(it.run) as link:
            await run(link, shell("true"))
        identifier = (it.state / "format").read_text()
        mine = find_groups(identifier.split('"id": "')[1])
        assert mine is not None
        assert len(mine.left()) == 1 + 3 + 6, "of the builds, the slots, and the sensors for which there are uids"
        assert it.stop() == 0
        assert mine.left() == []
        mine.remove()


async def test_without_controllers_the_processes_of_a_uid_are_bounded_all_the_same() -> None:
    """The kernel counts them by RLIMIT_NPROC then; nobody is told which limit it was."""
    with hosted("uids", start=False, first_uid=FIRST_UID + 10) as it:
        it.without_groups = True
        it.start(more=HOST_LIMITS)
        async with ExecutorLink(it.run) as link:
            assert (await link.greeting()).limits == ()
            for wish, got in ((20, 19), (500, 99)):
                ended = await run(link, request(PYTHON, "-c", FORK_BOMB, limits=ProcessLimits(processes=wish)))
                assert (ended.exit_code, ended.limit) == (9, Limit.NONE)
                assert got <= int(log_of(ended.log_directory)) <= got + 2
