"""What survives: the agent, the executor, a keeper, or all of them killed in the middle; judged by files the actions write themselves.

Rows 12-17 of reliability.md name the moments: A5 (12) is in test_crashes_at_the_gate.py; below are A6 and A7 as 13, A8 to A10 as 14, A11 as
15, the executor's own death as 16. The whole host at once (17) is in tests/flow/test_crashes.py; many kills at any moment in
tests/promises/test_7…; reports that were not acknowledged (A10) and agents of another life in tests/agent/test_attempt_restarts.py.
"""

import asyncio
import os
import signal
import subprocess
from collections import Counter
from dataclasses import replace
from itertools import count, takewhile
from pathlib import Path
from random import Random

import pytest

from attune_agent.executor import leftovers
from attune_agent.executor.log_files import read_window
from attune_agent.executor.processes import uids_in_use
from attune_agent.executor_errors import AttemptUnknown, ExecutorReplaced, ExecutorUnreachable, StartRefused
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import AttemptState, How, InputVia, Kind, LogBounds, SpoolBounds
from tests.agent.executor.hosted import FIRST_UID, SLOTS, SYSTEM_PYTHON, Hosted, alive, bystander_of, hosted, lines, request, shell, traced
from tests.agent.executor.test_trees import DAEMON
from tests.waiting import eventually, wait_until


async def test_the_agents_death_touches_nothing_and_the_outcome_waits_for_the_next(executor: Hosted) -> None:
    """Row 13 (A7), and of row 14 A9: an end that nobody was told of."""
    witness = executor.open / "witness"
    what = shell(f"echo began >> {witness}; while [ ! -e {executor.open}/go ]; do sleep 0.02; done; echo ended >> {witness}; exit 5")
    what = replace(what, uses="0123456789abcdef")
    async with ExecutorLink(executor.run) as first:
        await first.start(what)
    await eventually(lambda: lines(witness) == ["began"])
    async with ExecutorLink(executor.run) as second:
        (listed,) = await second.listed()
        assert (listed.execution, listed.state, listed.uses) == (what.execution, AttemptState.RUNNING, what.uses)
    (executor.open / "go").touch()
    await eventually(lambda: lines(witness) == ["began", "ended"])
    async with ExecutorLink(executor.run) as third:
        ended = await third.wait(what.execution, 1)
        assert (ended.how, ended.exit_code) == (How.EXITED, 5)
        await third.forget(what.execution, 1)
        await third.forget(what.execution, 1)
        assert await third.listed() == ()
        with pytest.raises(AttemptUnknown):
            await third.wait(what.execution, 1)


@pytest.mark.parametrize("keepers_too", [False, True])
async def test_an_input_in_a_file_does_not_outlive_the_executor(executor: Hosted, *, keepers_too: bool) -> None:
    """A keeper removes it at once; when they are killed as well, the next executor does before it serves."""
    witness = executor.open / "witness"
    what = shell(f'echo "$ATTUNE_INPUT" >> {witness}; exec sleep 100', input=b"secret", input_via=InputVia.FILE)
    async with ExecutorLink(executor.run) as link:
        await link.start(what)
        await eventually(lambda: lines(witness) != [])
    document = Path(lines(witness)[0])
    assert document.read_bytes() == b"secret"
    keepers = executor.keepers() if keepers_too else []
    if keepers:
        os.kill(executor.pid, signal.SIGSTOP)
    for keeper in keepers:
        os.kill(keeper, signal.SIGKILL)
    executor.kill()
    if not keepers_too:
        await eventually(lambda: not document.exists())
    executor.start()
    assert not document.exists()


async def test_an_input_of_a_sensor_does_not_outlive_the_executor_and_its_keeper(executor: Hosted) -> None:
    """Its slot has no keeper in the next life before it hosts again."""
    witness = executor.open / "witness"
    what = shell(f'echo "$ATTUNE_INPUT" >> {witness}; exec sleep 100', input=b"secret", input_via=InputVia.FILE, kind=Kind.SENSOR)
    async with ExecutorLink(executor.run) as link:
        await link.start(replace(what, spool=SpoolBounds(segment=4096, segments=2)))
        await eventually(lambda: lines(witness) != [])
    document = Path(lines(witness)[0])
    keepers = executor.keepers()
    os.kill(executor.pid, signal.SIGSTOP)
    for keeper in keepers:
        os.kill(keeper, signal.SIGKILL)
    executor.kill()
    executor.start()
    assert not document.exists()
    assert not any((executor.run / "work").glob("*/*"))


@pytest.mark.root
async def test_who_empties_a_uid_may_be_killed_by_a_keeper_of_before_that_does_the_same() -> None:
    emptying = "import os\nfor _ in range(100000):\n    try:\n        os.kill(-1, 9)\n    except ProcessLookupError:\n        pass"
    uid = FIRST_UID + 9
    with subprocess.Popen([SYSTEM_PYTHON, "-c", emptying], user=uid, group=uid, extra_groups=[]) as before:  # noqa: ASYNC220 - at once
        await eventually(lambda: uids_in_use(uid, uid) == {uid})
        leftovers._empty_in_child(uid)
        assert uids_in_use(uid, uid) == set()
        before.wait()


async def test_the_next_executor_kills_what_is_left_and_says_lost(executor: Hosted) -> None:
    """Row 16; also while the keepers are killed beside it, so that none of them can clean up."""
    witness = executor.open / "daemon"
    async with ExecutorLink(executor.run) as link:
        first = await link.greeting()
        done = shell("exit 3")
        await link.start(done)
        before = await link.wait(done.execution, 1)
        what = request("/usr/bin/python3", "-c", DAEMON + "time.sleep(100)", str(witness))
        await link.start(what)
        waiting = asyncio.create_task(link.wait(what.execution, 1))
        await eventually(lambda: len(lines(witness)) > 3)
        keepers = executor.keepers()
        executor.kill()
        for keeper in keepers:
            os.kill(keeper, signal.SIGKILL)
        daemon = int(lines(witness)[0])
        executor.start()
        assert not alive(daemon)
        written = witness.read_text()
        ended = await waiting
        assert (ended.how, ended.detail) == (How.LOST, "executor_died")
        assert await link.wait(done.execution, 1) == before
        assert (await link.start(what)).state is AttemptState.ENDED  # never again
        await link.start(shell("true", execution="after"))
        assert (await link.wait("after", 1)).exit_code == 0
        second = await link.greeting()
    assert witness.read_text() == written
    assert first.state_id == second.state_id
    assert first.life != second.life
    assert not any((executor.run / "work").glob("*/*"))


async def test_keepers_whose_executor_dies_end_their_trees_by_themselves(executor: Hosted) -> None:
    witness = executor.open / "daemon"
    async with ExecutorLink(executor.run) as link:
        await link.start(request("/usr/bin/python3", "-c", DAEMON + "time.sleep(100)", str(witness)))
        await eventually(lambda: len(lines(witness)) > 1)
        keepers = executor.keepers()
        daemon = int(lines(witness)[0])
        executor.kill()
    wait_until(lambda: not alive(daemon) and not any(map(alive, keepers)))


@pytest.mark.root  # to trace the executor
async def test_an_end_that_was_seen_and_never_written_is_lost_and_runs_no_second_time(executor: Hosted) -> None:
    """Row 14 (A8): the executor is killed while it is about to write the end."""
    witness = executor.open / "witness"
    what = shell(f"sleep 0.3; echo ran >> {witness}; exit 3")
    async with ExecutorLink(executor.run) as link:
        await link.greeting()
        written_before = 1 if executor.mode == "uids" else 2  # the start, and without uids the main process
        delay = f"inject=pwrite64:delay_enter=2000000:when={written_before + 1}"
        with traced(executor.pid, executor.place / "trace", "pwrite64", delay) as trace:
            await link.start(what)
            await eventually(lambda: trace.read_text().count("pwrite64(") > written_before)
            executor.kill()
        executor.start()
        ended = await link.wait(what.execution, 1)
        assert (ended.how, ended.detail) == (How.LOST, "executor_died")
        assert (await link.start(what)).state is AttemptState.ENDED
    assert lines(witness) == ["ran"]


@pytest.mark.root  # to trace the executor
async def test_an_end_that_was_written_and_never_told_is_told_by_the_next(executor: Hosted) -> None:
    """Row 14 (A9): the executor is killed while the sync of the end returns."""
    what = shell("exit 3")
    async with ExecutorLink(executor.run) as link:
        await link.greeting()
        delay = "inject=fdatasync:delay_exit=2000000:when=2"
        with traced(executor.pid, executor.place / "trace", "fdatasync", delay) as trace:
            await link.start(what)
            await eventually(lambda: trace.read_text().count("fdatasync(") > 1)
            executor.kill()
        executor.start()
        ended = await link.wait(what.execution, 1)
        assert (ended.how, ended.exit_code) == (How.EXITED, 3)


_COUNT = """
import itertools, sys
for block in itertools.count():
    sys.stdout.write("".join(f"{number:010}\\n" for number in range(block * 500, block * 500 + 500)))
"""


def _counted(offset: int, length: int) -> bytes:
    """What the stream of _COUNT has there."""
    first = offset // 11
    text = b"".join(b"%010d\n" % number for number in range(first, first + length // 11 + 2))
    return text[offset - first * 11 :][:length]


async def test_a_crash_while_logs_rotate_leaves_them_within_their_bounds_and_no_byte_at_a_wrong_place(executor: Hosted) -> None:
    """Row 15 (A11)."""
    bounds = LogBounds(head=20_000, segment=30_000, segments=3)
    async with ExecutorLink(executor.run) as link:
        for number in range(1, 4):
            what = request("/usr/bin/python3", "-c", _COUNT, execution="counting", attempt=number, logs=bounds)
            directory = Path((await link.start(what)).log_directory)
            await eventually((directory / "stdout.index").exists)  # the ring has begun, so the bounds have been met once
            await eventually(lambda directory=directory: read_window(directory, "stdout", -1, 1).total > 300_000)  # type: ignore[misc]  # a default binds it now
            executor.kill()
            executor.start()
            assert (await link.wait("counting", number)).how is How.LOST
            sizes = {path.name: path.stat().st_size for path in directory.glob("stdout.*")}
            assert all(size <= (20_000 if name == "stdout.head" else 30_000) for name, size in sizes.items()), sizes
            offset, kept = 0, 0
            while (window := read_window(directory, "stdout", offset, 7000)).data:
                assert window.data == _counted(window.offset, len(window.data))
                offset, kept = window.offset + len(window.data), kept + len(window.data)
            assert offset == window.total > 300_000
            assert kept >= 20_000


async def test_a_keeper_killed_by_its_action_loses_that_attempt_alone(executor: Hosted) -> None:
    witness = executor.open / "daemon"
    async with ExecutorLink(executor.run) as link:
        neighbour = shell("sleep 2; exit 6")
        await link.start(neighbour)
        killing = "os.kill(os.getppid(), signal.SIGKILL); time.sleep(100)"
        what = request("/usr/bin/python3", "-c", DAEMON + killing, str(witness))
        await link.start(what)
        ended = await link.wait(what.execution, 1)
        assert (ended.how, ended.detail) == (How.LOST, "keeper_died")
        daemon = int(lines(witness)[0])
        written = witness.read_text()
        assert not alive(daemon)
        for number in range(SLOTS * 2):  # the slot hosts again, with a new keeper
            await link.start(shell("exit 0", execution="again", attempt=number + 1))
            assert (await link.wait("again", number + 1)).exit_code == 0
        assert (await link.wait(neighbour.execution, 1)).exit_code == 6
        assert witness.read_text() == written


async def test_a_keeper_stopped_by_its_action_is_continued(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        what = shell("kill -STOP $PPID; exit 4")
        await link.start(what)
        ended = await link.wait(what.execution, 1)
        assert (ended.how, ended.exit_code) == (How.EXITED, 4)


async def test_a_keeper_that_its_action_stops_again_and_again_still_keeps_the_time(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        script = "import os, signal\nwhile True:\n    os.kill(os.getppid(), signal.SIGSTOP)"
        what = request("/usr/bin/python3", "-c", script, timeout=0.5, grace=0.2)
        await link.start(what)
        assert (await link.wait(what.execution, 1)).how is How.TIMED_OUT


async def test_a_keeper_whose_limits_its_action_changed_hosts_no_other(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        before = set(executor.keepers())
        script = "import os, resource; resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (20, 20))"
        what = request("/usr/bin/python3", "-c", script)
        await link.start(what)
        assert (await link.wait(what.execution, 1)).exit_code == 0
        await eventually(lambda: len(set(executor.keepers()) - before) == 1)


async def test_without_uids_only_the_dead_executors_own_processes_are_killed(executor: Hosted) -> None:
    with bystander_of(executor) as bystander:
        async with ExecutorLink(executor.run) as link:
            await link.start(shell("sleep 100"))
        executor.kill()
        executor.start()
        assert bystander.poll() is None


async def test_sigterm_ends_every_attempt_and_their_outcomes_are_there_afterwards(executor: Hosted) -> None:
    ready = executor.open / "ready"
    async with ExecutorLink(executor.run) as link:
        what = shell(f"trap 'exit 8' TERM; touch {ready}; while :; do sleep 0.02; done")
        await link.start(what)
        await eventually(ready.exists)
        assert await asyncio.to_thread(executor.stop) == 0
        executor.start()
        ended = await link.wait(what.execution, 1)
    assert (ended.how, ended.exit_code, ended.detail) == (How.CANCELLED, 8, "executor_stopped")


async def test_a_replaced_state_directory_is_noticed_before_anything_starts_twice(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        old = (await link.greeting()).state_id
        what = shell("true", state_id=old)
        await link.start(what)
        await link.wait(what.execution, 1)
        executor.kill()
        executor.state.rename(executor.place / "old")
        executor.owned("new").rename(executor.state)
        executor.start()
        with pytest.raises(AttemptUnknown):
            await link.wait(what.execution, 1)
        with pytest.raises(ExecutorReplaced):
            await link.start(what)


async def test_a_second_executor_refuses_the_same_state(executor: Hosted) -> None:
    second = Hosted(executor.place, executor.mode)
    second.start(ready=False)
    assert second.process is not None
    assert await asyncio.to_thread(second.process.wait, 20) == 3
    assert "in use by another executor" in executor.log()
    async with ExecutorLink(executor.run) as link:
        await link.start(shell("true", execution="still"))
        assert (await link.wait("still", 1)).exit_code == 0


@pytest.mark.root
@pytest.mark.parametrize("mode", ["uids"], indirect=True)
async def test_a_second_executor_refuses_the_same_uids(executor: Hosted) -> None:
    with hosted("uids", start=False) as second:
        second.start(ready=False)
        assert second.process is not None
        assert await asyncio.to_thread(second.process.wait, 20) == 3
        assert "another executor of this machine uses some of the uids" in second.log()
    assert executor.process is not None
    assert executor.process.poll() is None


async def test_nobody_listening_is_said_and_waited_for(executor: Hosted) -> None:
    async with ExecutorLink(executor.run, connect_limit=0.2) as link:
        what = shell("true")
        await link.start(what)
        await link.wait(what.execution, 1)
        await asyncio.to_thread(executor.stop)
        with pytest.raises(ExecutorUnreachable):
            await link.listed()
        waiting = asyncio.create_task(link.wait(what.execution, 1))
        executor.start()
        assert (await waiting).exit_code == 0


async def test_no_more_than_the_slots_run_and_the_next_is_refused(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        for number in range(SLOTS):
            await link.start(request("sleep", "100", execution="full", attempt=number + 1))
        with pytest.raises(StartRefused, match="no_slot"):
            await link.start(request("true", execution="more"))
        with pytest.raises(AttemptUnknown):
            await link.wait("more", 1)
        await link.stop("full", 1, grace=5.0)
        await link.wait("full", 1)
        await link.start(request("true", execution="more"))
        assert (await link.wait("more", 1)).exit_code == 0


async def test_whenever_the_executor_is_killed_no_attempt_starts_twice_or_vanishes(executor: Hosted) -> None:
    """An agent that asks for every start until it has an answer, while the executor dies again and again at any moment."""
    witness = executor.open / "witness"
    witness.touch()
    witness.chmod(0o666)  # each slot has a uid of its own
    crashes = Random(20_261_123)
    running = True

    async def attempt(link: ExecutorLink, lane: int, number: int) -> tuple[str, How]:
        what = shell(
            f"echo S{lane}.{number} >> {witness}; sleep 0.01; echo E{lane}.{number} >> {witness}", execution=f"lane{lane}", attempt=number
        )
        while True:
            try:
                await link.start(what)
                break
            except (StartRefused, ExecutorUnreachable):
                await asyncio.sleep(0.01)
        ended = await link.wait(what.execution, number)
        return f"{lane}.{number}", ended.how

    async def lane(link: ExecutorLink, name: int) -> list[tuple[str, How]]:
        return [await attempt(link, name, number) for number in takewhile(lambda _: running, count(1))]

    async with ExecutorLink(executor.run) as link, asyncio.TaskGroup() as group:
        lanes = [group.create_task(lane(link, name)) for name in range(SLOTS)]
        for _ in range(6):
            await asyncio.sleep(crashes.uniform(0.05, 0.25))
            executor.kill()
            await asyncio.to_thread(executor.start)
        running = False
    outcomes = dict(outcome for task in lanes for outcome in task.result())
    seen = Counter(lines(witness))
    assert max(seen.values()) == 1
    assert set(outcomes.values()) == {How.EXITED, How.LOST}
    for name, how in outcomes.items():
        if how is How.EXITED:
            assert seen[f"S{name}"] == seen[f"E{name}"] == 1
    assert {line[1:] for line in seen} <= set(outcomes)
