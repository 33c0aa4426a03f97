"""What an attempt leaves in shared memory is gone at its end: the next one of its slot has its uid, and shares its bound of memory."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from attune_agent.executor_link import ExecutorLink
from attune_agent.host import Limit
from tests.agent.executor.hosted import Hosted, hosted, log_of, request, run, shell
from tests.waiting import eventually

pytestmark = pytest.mark.root
MIB = 1 << 20
PYTHON = "/usr/bin/python3"
#: Makes and fills a segment of so many bytes, an array of semaphores and a queue, for everybody, and a folder on /dev/shm.
LEAVES = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
number, size = libc.shmget(0, int(sys.argv[1]), 0o1666), int(sys.argv[1])
ctypes.memset(libc.shmat(number, None, 0), 65, size)
made = (number, libc.semget(0, 1, 0o1666), libc.msgget(0, 0o1666))
os.makedirs(f"/dev/shm/left-by-{os.getuid()}/deep")
os.chmod(f"/dev/shm/left-by-{os.getuid()}", 0)
raise SystemExit(min(made) < 0)
"""
LOOKS = """
ls -d /dev/shm/left-by-*
for kind in shm sem msg; do grep " $(id -u) " /proc/sysvipc/$kind; done
head -c 150000000 /dev/zero | tail -c 75000000 | wc -c
"""


@pytest.fixture(scope="module")
def executor() -> Iterator[Hosted]:
    with hosted("uids", start=False) as it:
        it.start(slots=1, more=(f"--memory={128 * MIB}",))
        yield it


@pytest.fixture
async def link(executor: Hosted) -> AsyncIterator[ExecutorLink]:
    async with ExecutorLink(executor.run) as it:
        yield it


async def test_the_next_attempt_of_the_slot_finds_nothing_and_has_all_of_its_memory(link: ExecutorLink) -> None:
    left = await run(link, request(PYTHON, "-c", LEAVES, str(100 * MIB)))
    assert left.exit_code == 0
    looked = await run(link, shell(f"({LOOKS}) 2>/dev/null"))
    assert (log_of(looked.log_directory), looked.limit) == (b"75000000\n", Limit.NONE)


async def test_a_file_is_found_however_soon_it_comes_after_an_attempt_that_left_none(link: ExecutorLink) -> None:
    mine = "/dev/shm/left-by-$(id -u)"
    for leaves in [False, True, False, False, True, True] * 3:
        looked = await run(link, shell(f"ls -d {mine} 2>/dev/null" + (f"; : > {mine}" if leaves else "")))
        assert log_of(looked.log_directory) == b""
    assert not any(Path("/dev/shm").glob("left-by-*"))


async def test_a_crash_of_the_executor_leaves_none_either(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        await link.start(request(PYTHON, "-c", f"{LEAVES.replace('raise', 'import time; time.sleep(60); raise')}", str(MIB)))
        await eventually(lambda: any(Path("/dev/shm").glob("left-by-*")), what="what it leaves")
        executor.kill()
    executor.start(slots=1)
    async with ExecutorLink(executor.run) as link:
        looked = await run(link, shell(f"({LOOKS}) 2>/dev/null"))
        assert log_of(looked.log_directory) == b"75000000\n"
