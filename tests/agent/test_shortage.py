"""A host that lacks something under the real agent program: what runs goes on, nothing starts twice, it resumes by itself.

Rows 36 and 43 of reliability.md; what the executor does by itself is in tests/agent/executor/test_shortage.py.
"""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.agent.executor.hosted import hosted, lines
from tests.agent.living import Living, living
from tests.small_disk import fill, small_disk
from tests.waiting import eventually

pytestmark = pytest.mark.root
PIDS = Path("/sys/fs/cgroup/pids")


@asynccontextmanager
async def host(*, small_state: str = "") -> AsyncIterator[Living]:
    """Give a host; its agent's state may lie on a small disk."""
    with hosted("uids") as executor:
        if small_state:
            with small_disk(executor.place / "agent", small_state):
                async with living(executor) as it:
                    yield _witnessed(it)
        else:
            async with living(executor) as it:
                yield _witnessed(it)


def _witnessed(it: Living) -> Living:
    it.witness.touch()
    it.witness.chmod(0o666)
    it.serve_script(
        f'echo "begin $ATTUNE_EXECUTION_ID" >> WITNESS; while [ ! -e {it.executor.open}/go ]; do sleep 0.02; done\n'
        'echo "end $ATTUNE_EXECUTION_ID" >> WITNESS'
    )
    return it


async def test_an_agent_on_a_full_disk_starts_nothing_new_and_goes_on_by_itself() -> None:
    async with host(small_state="2m") as it:
        it.send("e-1")
        await it.wrote(1)
        filler = fill(it.layout.agent)
        assign = it.send("e-2", values={"text": "x" * 400_000})
        (it.executor.open / "go").touch()
        await it.wrote(2)
        assert await _stays(lambda: lines(it.witness) == ["begin e-1", "end e-1"], seconds=1.0), "what ran goes on, nothing new starts"
        filler.unlink()
        assert (await it.settled("e-1"))["outcome"] == "succeeded"
        it.send_again(assign)
        assert (await it.settled("e-2"))["outcome"] == "succeeded"
        assert lines(it.witness) == [f"{what} e-{number}" for number in (1, 2) for what in ("begin", "end")]


async def test_a_host_without_processes_keeps_the_head_and_starts_it_when_there_are_some() -> None:
    async with host() as it:
        (it.executor.open / "go").touch()
        with _no_more_processes(it.executor.keepers()) as more:
            it.send("e-1")
            it.send("e-2")
            await eventually(lambda: any("EAGAIN" in str(report.get("detail")) for report in it.stub.said("report")), what="the alarm")
            assert lines(it.witness) == []
            more()
            assert (await it.settled("e-1"))["outcome"] == "succeeded"
            assert (await it.settled("e-2"))["outcome"] == "succeeded"
        assert lines(it.witness) == [f"{what} e-{number}" for number in (1, 2) for what in ("begin", "end")]


async def test_an_agent_without_descriptors_keeps_the_head_and_goes_on_when_it_has_some() -> None:
    async with host() as it:
        (it.executor.open / "go").touch()
        it.send("e-1")
        assert (await it.settled("e-1"))["outcome"] == "succeeded"
        used = max(int(path.name) for path in Path(f"/proc/{it.pid}/fd").iterdir()) + 1
        before = resource.prlimit(it.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(it.pid, resource.RLIMIT_NOFILE, (used, before[1]))
        it.send("e-2")
        assert await _stays(lambda: it.program is not None and it.program.poll() is None, seconds=1.0)
        resource.prlimit(it.pid, resource.RLIMIT_NOFILE, before)
        assert (await it.settled("e-2"))["outcome"] == "succeeded"
        assert lines(it.witness) == [f"{what} e-{number}" for number in (1, 2) for what in ("begin", "end")]


async def _stays(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it holds all that time."""
    end = asyncio.get_running_loop().time() + seconds
    tick = asyncio.Event()
    while asyncio.get_running_loop().time() < end:
        if not condition():
            return False
        try:
            async with asyncio.timeout(0.05):
                await tick.wait()
        except TimeoutError:
            continue
    return True


_groups = count()


@contextmanager
def _no_more_processes(pids: list[int]) -> Iterator[Callable[[], int]]:
    """Let these processes have no more children than now, until the yielded function is called (a cgroup with pids.max)."""
    group = PIDS / f"attune-test-{pids[0]}-{next(_groups)}"
    group.mkdir()
    try:
        for pid in pids:
            (group / "cgroup.procs").write_text(str(pid))
        (group / "pids.max").write_text(str(len(pids)))
        yield lambda: (group / "pids.max").write_text("max")
    finally:
        for left in (group / "cgroup.procs").read_text().split():
            (PIDS / "cgroup.procs").write_text(left)
        group.rmdir()
