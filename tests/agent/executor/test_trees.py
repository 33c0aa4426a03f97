"""An attempt is over when no process of it is left: at its end, its timeout and its cancellation, whatever its processes try."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_agent.executor_link import ExecutorLink
from attune_agent.host import How, StartRequest
from tests.agent.executor.hosted import Hosted, alive, bystander_of, hosted, lines, log_of, request, run, shell
from tests.waiting import eventually

#: A double-forked child in its own session that ignores SIGTERM, has closed every stream and goes on writing.
DAEMON = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        for descriptor in range(3):
            os.close(descriptor)
        with open(sys.argv[1], "a", buffering=1) as witness:
            witness.write(f"{os.getpid()}\\n")
            while True:
                time.sleep(0.005)
                witness.write("+\\n")
    os._exit(0)
os.wait()
while not os.path.exists(sys.argv[1]) or not os.path.getsize(sys.argv[1]):
    time.sleep(0.005)
"""


@pytest.fixture(scope="module")
def executor(mode: str) -> Iterator[Hosted]:
    with hosted(mode) as it:
        yield it


def _daemon(witness: Path, then: str, **changes: object) -> StartRequest:
    return request("/usr/bin/python3", "-c", DAEMON + then, str(witness), **changes)  # type: ignore[arg-type]  # as in `request`


@pytest.mark.parametrize("how", [How.EXITED, How.TIMED_OUT, How.CANCELLED])
async def test_a_daemon_that_ignores_sigterm_dies_with_its_attempt(link: ExecutorLink, executor: Hosted, how: How) -> None:
    witness = executor.open / f"daemon-{how}"
    what = _daemon(
        witness,
        "" if how is How.EXITED else "time.sleep(100)",
        timeout=0.6 if how is How.TIMED_OUT else 60.0,
        grace=0.2,
    )
    await link.start(what)
    if how is How.CANCELLED:
        await eventually(lambda: len(lines(witness)) > 1)
        await link.stop(what.execution, 1, grace=0.2)
    ended = await link.wait(what.execution, 1)
    assert ended.how is how
    written = witness.read_text()
    daemon = int(lines(witness)[0])
    assert not alive(daemon)
    assert witness.read_text() == written
    assert ended.duration < 20


async def test_a_grandchild_that_holds_stdout_does_not_hold_the_attempt(link: ExecutorLink) -> None:
    ended = await run(link, shell("sleep 100 & echo $!; exit 7"))
    assert (ended.how, ended.exit_code) == (How.EXITED, 7)
    assert 1.9 < ended.duration < 10  # the drain, not the sleep
    assert not alive(int(log_of(ended.log_directory)))


async def test_what_a_grandchild_still_says_within_the_drain_is_kept(link: ExecutorLink) -> None:
    ended = await run(link, shell("(sleep 0.3; echo late) & exit 0"))
    assert log_of(ended.log_directory) == b"late\n"
    assert ended.duration < 1.9


async def test_a_child_that_closed_its_streams_ends_at_once_with_the_main_process(link: ExecutorLink) -> None:
    ended = await run(link, shell("sleep 100 >/dev/null 2>&1 </dev/null & echo $!"))
    assert ended.duration < 1.5
    assert not alive(int(log_of(ended.log_directory)))


async def test_the_whole_tree_has_the_grace_to_end_in_order(link: ExecutorLink, executor: Hosted) -> None:
    """The shell dies of SIGTERM at once; its child needs longer than the drain, but not longer than the grace."""
    witness = executor.open / "graceful"
    child = f"trap 'sleep 2.5; echo clean >> {witness}; exit' TERM; echo ready >> {witness}; while :; do sleep 0.05; done"
    what = shell(f'sh -c "{child}" & wait', grace=20.0)
    await link.start(what)
    await eventually(lambda: lines(witness) == ["ready"])
    await link.stop(what.execution, 1, grace=20.0)
    ended = await link.wait(what.execution, 1)
    assert ended.how is How.CANCELLED
    assert lines(witness) == ["ready", "clean"]


async def test_an_exit_code_given_on_sigterm_is_told_beside_the_cancellation(link: ExecutorLink, executor: Hosted) -> None:
    ready = executor.open / "trapped"
    what = shell(f"trap 'exit 9' TERM; touch {ready}; while :; do sleep 0.02; done")
    await link.start(what)
    await eventually(ready.exists)
    await link.stop(what.execution, 1, grace=10.0)
    ended = await link.wait(what.execution, 1)
    assert (ended.how, ended.exit_code) == (How.CANCELLED, 9)


async def test_a_stopped_process_is_ended_too(link: ExecutorLink) -> None:
    what = shell("kill -STOP $$", timeout=0.4, grace=0.5)
    assert (await run(link, what)).how is How.TIMED_OUT


async def test_cancelling_twice_and_after_the_end_changes_nothing(link: ExecutorLink, executor: Hosted) -> None:
    ready = executor.open / "deaf"
    what = shell(f"trap '' TERM; touch {ready}; while :; do sleep 0.05; done")
    await link.start(what)
    await eventually(ready.exists)
    await link.stop(what.execution, 1, grace=30.0)
    await link.stop(what.execution, 1, grace=0.1)  # a shorter grace counts
    ended = await link.wait(what.execution, 1)
    assert (ended.how, ended.signal) == (How.CANCELLED, signal.SIGKILL)
    await link.stop(what.execution, 1, grace=0.1)
    assert await link.wait(what.execution, 1) == ended


async def test_an_attempt_cancelled_while_it_starts_still_ends_once(link: ExecutorLink) -> None:
    for number in range(1, 20):
        what = request("sleep", "100", execution="racing", attempt=number)
        await link.start(what)
        await link.stop("racing", number, grace=5.0)
        assert (await link.wait("racing", number)).how is How.CANCELLED


async def test_orphans_are_reaped_while_the_attempt_runs(link: ExecutorLink) -> None:
    zombies = "ps -o stat= --ppid $PPID | grep -c '^Z'"
    what = shell(f"for n in $(seq 100); do (true &) ; done; until [ $({zombies}) = 0 ]; do sleep 0.05; done; echo reaped", timeout=30.0)
    assert log_of((await run(link, what)).log_directory) == b"reaped\n"


async def test_slots_do_not_touch_each_others_trees(link: ExecutorLink) -> None:
    longer = shell("sleep 1.2; echo survived")
    await link.start(longer)
    for _ in range(5):
        await run(link, shell("sleep 100 >/dev/null 2>&1 & exit 0"))
    ended = await link.wait(longer.execution, 1)
    assert (ended.how, log_of(ended.log_directory)) == (How.EXITED, b"survived\n")


async def test_the_executors_own_user_keeps_its_other_processes(link: ExecutorLink, executor: Hosted) -> None:
    """Without uids of its own an executor must never use kill(-1): the bystander is of the same user."""
    with bystander_of(executor) as bystander:
        await run(link, shell("sleep 100 >/dev/null 2>&1 &"))
        await run(link, shell("sleep 100", timeout=0.1, grace=0.0))
        assert bystander.poll() is None
