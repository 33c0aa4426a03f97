"""G1 and G5 as the kernel saw them: the sync of a start record returns before anything is started, that of an end before it is told."""

import json

import pytest

from attune_agent.executor_link import ExecutorLink
from attune_agent.executor_messages import encode_start
from tests.agent.executor.hosted import Hosted, Peer, shell, traced

pytestmark = pytest.mark.root  # to trace the executor


async def test_the_start_record_is_synced_before_the_keeper_may_begin_and_the_end_before_the_agent_is(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        await link.greeting()
        with traced(executor.pid, executor.place / "trace", "fdatasync,sendmsg,sendto,vfork,fork,clone,execve") as trace:
            what = shell("exit 3")
            await link.start(what)
            await link.wait(what.execution, 1)
    seen = trace.read_text().splitlines()
    effects = [name for line in seen for name in _effects(line)]
    assert effects == ["prepare", "sync", "begin", "accepted", "sync", "ended"], seen


def test_starts_that_come_together_share_one_sync(executor: Hosted) -> None:
    requests = [shell("sleep 0.5", execution="together", attempt=number) for number in (1, 2, 3)]
    lines = [json.dumps({"id": what.attempt, "type": "start", **encode_start(what)}) for what in requests]
    with traced(executor.pid, executor.place / "trace", "fdatasync,sendmsg,sendto") as trace:
        peer = Peer(executor)
        peer.send("\n".join([*lines, ""]).encode())
        assert [peer.answer()["id"] for _ in requests] == [1, 2, 3]
        peer.close()
    effects = [name for line in trace.read_text().splitlines() for name in _effects(line)]
    assert effects[:7] == ["prepare", "prepare", "prepare", "sync", "begin", "begin", "begin"]


def _effects(line: str) -> list[str]:
    """Name the effects of a system call in their order, none for what is of no interest."""
    if "fdatasync(" in line:
        return ["sync"]
    marks = (
        ("sendmsg(", '"prepare', "prepare"),
        ("sendmsg(", '"begin', "begin"),
        ("sendto(", r"\"state\":\"accepted\",\"log_directory", "accepted"),
        ("sendto(", r"\"type\":\"ended\"", "ended"),
    )
    return [name for _, name in sorted((line.index(mark), name) for call, mark, name in marks if call in line and mark in line)]
