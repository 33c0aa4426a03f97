"""What the host lacks: descriptors, processes, disk. Starts are refused or say `not_started`, nothing is half, and it goes on by itself."""

import asyncio
import os
import subprocess
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from attune_agent.executor.log_files import read_window
from attune_agent.executor_errors import StartRefused
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import Ended, How, LogBounds, ResultState
from tests.agent.executor.hosted import SYSTEM_PYTHON, Hosted, Peer, hosted, lines, run, shell, traced
from tests.small_disk import grow, small_disk
from tests.waiting import eventually


@pytest.mark.root  # to count its descriptors
async def test_an_executor_without_descriptors_refuses_and_serves_again_when_it_has_some(mode: str) -> None:
    with hosted(mode, start=False) as it:
        it.start(descriptors=26)
        witness = it.open / "witness"
        async with ExecutorLink(it.run) as link:
            await link.greeting()
            what = shell(f"echo ran >> {witness}")
            with ExitStack() as others:
                while _descriptors(it) < 25:
                    peer = others.enter_context(closing(Peer(it)))
                    peer.ask({"type": "list"})
                for _ in range(3):
                    with pytest.raises(StartRefused, match="EMFILE"):
                        await link.start(what)
                    assert await link.listed() == ()
                    assert _descriptors(it) == 25
                # The next takes the last one, the one after that waits unheard: the loop must not spin over it.
                others.enter_context(closing(Peer(it)))
                others.enter_context(closing(Peer(it)))
                await eventually(lambda: _descriptors(it) == 26)
                before = _cpu(it)
                await asyncio.sleep(1.0)
                assert _cpu(it) - before < 0.3
            await eventually(lambda: _descriptors(it) < 20)
            await link.start(what)
            assert (await link.wait(what.execution, 1)).exit_code == 0
        assert witness.read_text() == "ran\n"


def _cpu(executor: Hosted) -> float:
    """Seconds of processor time that the executor has used."""
    fields = Path(f"/proc/{executor.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _descriptors(executor: Hosted) -> int:
    return len(list(Path(f"/proc/{executor.pid}/fd").iterdir()))


@pytest.mark.root
@pytest.mark.parametrize("mode", ["uids"], indirect=True)
async def test_a_keeper_that_cannot_fork_says_that_nothing_was_started(executor: Hosted) -> None:
    witness = executor.open / "witness"
    async with ExecutorLink(executor.run) as link:
        await link.greeting()
        keepers = executor.keepers()
        for keeper in keepers:
            script = f"import resource; resource.prlimit({keeper}, resource.RLIMIT_NPROC, (1, 1))"
            uid = Path(f"/proc/{keeper}/status").read_text().split("Uid:\t")[1].split()[0]
            await asyncio.to_thread(subprocess.run, [SYSTEM_PYTHON, "-c", script], user=int(uid), group=int(uid), check=True)
        what = shell(f"echo ran >> {witness}")
        await link.start(what)
        ended = await link.wait(what.execution, 1)
        assert (ended.how, ended.detail.split(":")[0]) == (How.NOT_STARTED, "EAGAIN")
        assert not witness.exists()
        # Such a keeper is spoilt; the slot gets another, which works.
        await eventually(lambda: len(set(executor.keepers()) - set(keepers)) == 1)
        outcomes = set()
        for attempt in range(2, 8):
            await link.start(shell("true", execution=what.execution, attempt=attempt))
            outcomes.add((await link.wait(what.execution, attempt)).how)
        assert How.EXITED in outcomes


@pytest.mark.root
async def test_a_full_log_disk_costs_log_bytes_and_never_the_attempt(mode: str) -> None:
    with hosted(mode, start=False) as it, small_disk(it.place / "logs", "1m"):
        it.own(it.place / "logs")
        it.start()
        go = it.open / "go"
        async with ExecutorLink(it.run) as link:
            script = f"head -c 3000000 /dev/zero; while [ ! -e {go} ]; do sleep 0.02; done; sleep 1.2; echo; echo end; exit 4"
            what = shell(script, logs=LogBounds(head=500_000, segment=400_000, segments=4))
            directory = Path((await link.start(what)).log_directory)
            await eventually(lambda: sum(path.stat().st_size for path in directory.glob("stdout.*")) > 900_000)
            os.truncate(directory / "stdout.head", 0)  # somebody made space
            go.touch()
            ended = await link.wait(what.execution, 1)
            assert (ended.how, ended.exit_code, ended.stdout_bytes) == (How.EXITED, 4, 3_000_005)
            end = read_window(directory, "stdout", -5, 10)
            assert (end.data, end.total) == (b"\nend\n", 3_000_005)


@pytest.mark.root
async def test_a_full_disk_under_the_logs_refuses_starts_until_there_is_space(mode: str) -> None:
    with hosted(mode, start=False) as it, small_disk(it.place / "logs", "100k,nr_inodes=12"):
        it.own(it.place / "logs")
        it.start()
        async with ExecutorLink(it.run) as link:
            for number in range(12):
                (it.place / "logs" / f"filler{number}").touch() if _has_inodes(it.place / "logs") else None
            with pytest.raises(StartRefused, match="ENOSPC"):
                await link.start(shell("true", execution="full"))
            assert await link.listed() == ()
            for path in (it.place / "logs").glob("filler*"):
                path.unlink()
            await link.start(shell("true", execution="full"))
            assert (await link.wait("full", 1)).exit_code == 0


@pytest.mark.root
async def test_an_action_that_fills_the_private_directories_hurts_itself_and_they_are_empty_afterwards(mode: str) -> None:
    with hosted(mode, start=False) as it, small_disk(it.place / "run", "1m"):
        it.own(it.place / "run")
        it.start()
        go, full = it.open / "go", it.open / "full"
        filling = f'head -c 5000000 /dev/zero > "$TMPDIR/x"; echo $? > {full}; while [ ! -e {go} ]; do sleep 0.02; done; exit 3'
        async with ExecutorLink(it.run) as link:
            what = shell(filling)
            await link.start(what)
            await eventually(lambda: lines(full) == ["1"])
            neighbour = await run(link, shell('head -c 9000 /dev/zero > "$ATTUNE_RESULT" || exit 7'))
            assert (neighbour.how, neighbour.exit_code) == (How.EXITED, 7), "it starts, and hears of the full disk itself"
            go.touch()
            assert (await link.wait(what.execution, 1)).exit_code == 3
            after = await run(link, shell('head -c 9000 /dev/zero > "$ATTUNE_RESULT" || exit 7'))
            assert (after.exit_code, after.result.state) == (0, ResultState.OK)
            await eventually(lambda: [path for slot in (it.run / "work").iterdir() for path in slot.iterdir()] == [])


@pytest.mark.root
async def test_an_action_that_takes_every_inode_delays_starts_and_no_more(mode: str) -> None:
    with hosted(mode, start=False) as it, small_disk(it.place / "run", "4m,nr_inodes=60"):
        it.own(it.place / "run")
        it.start()
        go, full, witness = it.open / "go", it.open / "full", it.open / "witness"
        script = (
            f'cd "$TMPDIR"; n=0; while true > $n; do n=$((n+1)); done 2>/dev/null; : > {full}; while [ ! -e {go} ]; do sleep 0.02; done'
        )
        async with ExecutorLink(it.run) as link:
            what = shell(script)
            await link.start(what)
            await eventually(full.exists)
            refused = shell(f"echo ran >> {witness}")
            with pytest.raises(StartRefused, match="ENOSPC"):
                await link.start(refused)
            assert [one.execution for one in await link.listed()] == [what.execution]
            go.touch()
            assert (await link.wait(what.execution, 1)).how is How.EXITED
            assert (await run(link, refused)).exit_code == 0
        assert lines(witness) == ["ran"]


@pytest.mark.root
async def test_a_full_disk_under_the_journal_starts_nothing_and_the_ends_are_told_when_there_is_space(mode: str) -> None:
    """A segment is allocated whole, so room is needed when the next one begins: here after a dozen Results of a megabyte."""
    with hosted(mode, start=False) as it, small_disk(it.place / "state", "20m"):
        it.own(it.place / "state")
        it.start()
        witness = it.open / "witness"
        witness.touch()
        witness.chmod(0o666)
        async with ExecutorLink(it.run) as link:
            ends: list[asyncio.Task[Ended]] = []
            for number in range(1, 40):
                script = f'echo {number} >> {witness}; head -c 1000000 /dev/zero > "$ATTUNE_RESULT"'
                try:
                    await link.start(shell(script, execution="large", attempt=number))
                except StartRefused as error:
                    assert "the journal: ENOSPC" in str(error)
                    break
                ends.append(asyncio.create_task(link.wait("large", number)))
                await asyncio.wait(ends[-1:], timeout=2.0)
                if not ends[-1].done():  # it has ended, but that cannot be written
                    break
            started = len(ends)
            assert 5 < started < 39
            with pytest.raises(StartRefused, match=r"the journal: ENOSPC|no_slot"):
                await link.start(shell(f"echo {started + 1} >> {witness}", execution="large", attempt=started + 1))
            prepared = it.run / "work"
            await eventually(lambda: not any(prepared.glob(f"*/large.{started + 1}")), what="the keeper to drop what it had prepared")
            assert executor_lives(it)
            grow(it.place / "state", "200m")
            assert {(await end).exit_code for end in ends} == {0}
            assert (await run(link, shell(f"echo {started + 1} >> {witness}", execution="large", attempt=started + 1))).exit_code == 0
        assert lines(witness) == [str(number) for number in range(1, started + 2)], "each once"


def executor_lives(executor: Hosted) -> bool:
    return executor.process is not None and executor.process.poll() is None


@pytest.mark.root
async def test_a_broken_disk_under_the_journal_ends_the_executor_before_anything_starts(executor: Hosted) -> None:
    witness = executor.open / "witness"
    async with ExecutorLink(executor.run) as link:
        await link.greeting()
        with traced(executor.pid, executor.place / "trace", "fdatasync", "inject=fdatasync:error=EIO"):
            starting = asyncio.create_task(link.start(shell(f"echo ran > {witness}")))
            assert executor.process is not None
            assert await asyncio.to_thread(executor.process.wait, 20) == 3
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
    assert not witness.exists()
    assert "sync of" in executor.log()


def _has_inodes(path: Path) -> bool:
    return os.statvfs(path).f_favail > 0
