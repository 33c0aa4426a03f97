"""What survives while an attempt is prepared, before its record lets it begin, and while it is cleaned up, before its end is told."""

import asyncio
import os
import signal

import pytest

from attune_agent.executor_errors import ExecutorUnreachable
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import AttemptState, How, InputVia, StartRequest
from tests.agent.executor.hosted import Hosted, request, shell, traced
from tests.waiting import eventually


@pytest.mark.root  # to trace the executor
async def test_a_start_whose_executor_died_before_it_ran_is_lost_and_never_runs(executor: Hosted) -> None:
    """Row 12 (A5): the executor is killed while the sync of its start record returns, before it tells the keeper to begin."""
    witness = executor.open / "witness"
    what = shell(f"echo ran >> {witness}", input=b"secret", input_via=InputVia.FILE)
    async with ExecutorLink(executor.run) as link:
        await link.greeting()
        with traced(executor.pid, executor.place / "trace", "fdatasync", "inject=fdatasync:delay_exit=2000000") as trace:
            starting = asyncio.create_task(link.start(what))
            await eventually(lambda: prepared(executor, what) and "fdatasync(" in trace.read_text())
            executor.kill()
        with pytest.raises(ExecutorUnreachable):
            await starting
        await eventually(lambda: nothing_left(executor), what="the keeper to remove what it had prepared")
        executor.start()
        ended = await link.wait(what.execution, 1)
        assert (ended.how, ended.detail) == (How.LOST, "executor_died")
        assert (await link.start(what)).state is AttemptState.ENDED
    assert not witness.exists()


@pytest.mark.root  # to trace the executor
async def test_a_start_whose_keeper_died_before_it_ran_is_lost_and_never_runs(executor: Hosted) -> None:
    """The keeper is killed when it has prepared the attempt, while the start record is being synced."""
    witness = executor.open / "witness"
    what = shell(f"echo ran >> {witness}", input=b"secret", input_via=InputVia.FILE)
    async with ExecutorLink(executor.run) as link:
        await link.greeting()
        with traced(executor.pid, executor.place / "trace", "fdatasync", "inject=fdatasync:delay_exit=1000000:when=1"):
            starting = asyncio.create_task(link.start(what))
            await eventually(lambda: prepared(executor, what))
            for keeper in executor.keepers():
                os.kill(keeper, signal.SIGKILL)
            assert (await starting).state is AttemptState.ACCEPTED
            ended = await link.wait(what.execution, 1)
        assert (ended.how, ended.detail) == (How.LOST, "keeper_died")
        assert nothing_left(executor)
        assert (await link.start(what)).state is AttemptState.ENDED
    assert not witness.exists()


@pytest.mark.root  # to trace the executor
async def test_a_cancel_that_comes_while_an_attempt_is_prepared_ends_it_when_it_has_begun(executor: Hosted) -> None:
    what = request("sleep", "100")
    async with ExecutorLink(executor.run) as link:
        await link.greeting()
        with traced(executor.pid, executor.place / "trace", "fdatasync", "inject=fdatasync:delay_exit=500000:when=1"):
            starting = asyncio.create_task(link.start(what))
            await eventually(lambda: prepared(executor, what))
            await link.stop(what.execution, 1, grace=5.0)
            assert starting.done()
            assert (await link.wait(what.execution, 1)).how is How.CANCELLED


@pytest.mark.root  # to trace the keeper
@pytest.mark.parametrize("dies", [False, True])
async def test_an_end_is_told_when_nothing_is_left_and_stays_what_it_is_if_the_keeper_dies_before(executor: Hosted, *, dies: bool) -> None:
    what = shell('echo left > "$TMPDIR/file"; exit 3')
    keeper = executor.keepers()[1]  # the first one is the build user's
    async with ExecutorLink(executor.run) as link, ExecutorLink(executor.run) as other:
        await other.greeting()
        with traced(keeper, executor.place / "trace", "rmdir,unlink,unlinkat", "inject=all:delay_enter=1000000:when=1") as trace:
            await link.start(what)
            await eventually(lambda: "unlinkat(" in trace.read_text())
            waiting = [asyncio.create_task(one.wait(what.execution, 1)) for one in (link, other)]
            assert await other.listed() != ()
            assert [one.done() for one in waiting] == [False, False]
            assert prepared(executor, what)
            if dies:
                os.kill(keeper, signal.SIGKILL)
            for one in waiting:
                assert ((await one).how, (await one).exit_code) == (How.EXITED, 3)
            assert nothing_left(executor)


def prepared(executor: Hosted, what: StartRequest) -> bool:
    """Whether a keeper has made what the attempt needs."""
    return any((executor.run / "work").glob(f"*/{what.execution}.{what.attempt}/tmp"))


def nothing_left(executor: Hosted) -> bool:
    """Whether there is no file of any attempt; the empty directories are the executor's to remove."""
    return not any((executor.run / "work").glob("*/*/*"))
