"""G1 and G5 as the kernel saw them: the sync of a start record returns before anything is started, that of an end before it is told."""

import asyncio

import pytest

from attune_agent.executor_link import ExecutorLink
from tests.agent.executor.hosted import Hosted, shell, traced

pytestmark = pytest.mark.root  # to trace the executor


async def test_the_start_record_is_synced_before_the_keeper_is_told_and_the_end_before_the_agent_is(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        await link.greeting()
        with traced(executor.pid, executor.place / "trace", "fdatasync,sendmsg,sendto,vfork,fork,clone,execve") as trace:
            what = shell("exit 3")
            await link.start(what)
            await link.wait(what.execution, 1)
    seen = trace.read_text().splitlines()
    effects = [name for line in seen if (name := _effect(line))]
    assert effects == ["sync", "give", "accepted", "started", "sync", "ended"], seen


async def test_starts_that_come_together_share_one_sync(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        await link.greeting()
        with traced(executor.pid, executor.place / "trace", "fdatasync,sendmsg,sendto", "inject=fdatasync:delay_exit=100000") as trace:
            requests = [shell("sleep 0.5", execution="together", attempt=number) for number in (1, 2, 3)]
            await link.start(requests[0])
            # While the first end is being awaited the other two arrive in one turn: they are written to the socket before it reads.
            first, second = (link.start(what) for what in requests[1:])
            await asyncio.gather(first, second)
        effects = [name for line in trace.read_text().splitlines() if (name := _effect(line))]
    assert effects.count("sync") == 2
    assert effects.count("give") == 3


def _effect(line: str) -> str | None:
    """Name the effect of a system call, None for what is no effect of interest."""
    if "fdatasync(" in line:
        return "sync"
    for call, mark, name in (
        ("sendmsg(", r"\"type\":\"start\"", "give"),
        ("sendto(", r"\"state\":\"accepted\",\"log_directory", "accepted"),
        ("sendto(", r"\"type\":\"started\"", "started"),
        ("sendto(", r"\"type\":\"ended\"", "ended"),
    ):
        if call in line and mark in line:
            return name
    return None
