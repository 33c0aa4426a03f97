"""Sensors in the executor: what they print is kept until it is trimmed, they wait at the bound, and everything dies when it is to."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from attune_agent.executor.places import SPOOLS
from attune_agent.executor.spool import segment_path
from attune_agent.executor_errors import GrantMissing, RequestMalformed, StartRefused
from attune_agent.executor_link import ExecutorLink
from attune_agent.executor_messages import encode_start
from attune_agent.host import Ended, How, Kind, SpoolBounds, StartRequest
from tests.agent.executor.hosted import FIRST_UID, Hosted, Peer, alive, hosted, lines, log_of, shell
from tests.agent.executor.test_trees import DAEMON
from tests.waiting import eventually, wait_until

SEGMENT = 4096
#: So many seats for them has an executor that is told no other number.
SENSORS = 8
#: Where one mode has been tried, the other is for the long run.
_OTHER = pytest.mark.soak if os.geteuid() == 0 else ()


@pytest.fixture(scope="module", params=[pytest.param("uids", marks=pytest.mark.root), pytest.param("unprivileged", marks=_OTHER)])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def executor(mode: str) -> Iterator[Hosted]:
    with hosted(mode) as it:
        yield it


@pytest.fixture
async def link(executor: Hosted) -> AsyncIterator[ExecutorLink]:
    async with ExecutorLink(executor.run) as it:
        yield it


def sensor(script: str, *, segments: int = 16, **changes: object) -> StartRequest:
    bounds = SpoolBounds(segment=SEGMENT, segments=segments)
    return shell(script, **{"kind": Kind.SENSOR, "timeout": 0.0, "spool": bounds, **changes})


def spooled(executor: Hosted, run: str) -> bytes:
    """Everything that is in a run's spool now."""
    folder = executor.place / "logs" / SPOOLS / run
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir())) if folder.exists() else b""


def _full_or_ended(segment: Path, ending: "asyncio.Task[Ended]") -> bool:
    return ending.done() or (segment.exists() and segment.stat().st_size == SEGMENT)


async def end(link: ExecutorLink, what: StartRequest) -> How:
    await link.stop(what.execution, 1, grace=0.1)
    ended = await link.wait(what.execution, 1)
    await link.forget(what.execution, 1)
    await link.unspool(what.execution)
    return ended.how


async def test_a_sensor_gets_its_document_and_its_lines_wait_in_the_spool(executor: Hosted, link: ExecutorLink) -> None:
    what = sensor("cat; echo one; echo two >&2; exec sleep 100", input=b'{"config":{}}\n')
    reply = await link.start(what)
    await eventually(lambda: spooled(executor, what.execution) == b'{"config":{}}\none\n')
    await eventually(lambda: log_of(reply.log_directory, "stderr") == b"two\n")
    assert log_of(reply.log_directory, "stdout") == b""
    assert await end(link, what) is How.CANCELLED
    assert spooled(executor, what.execution) == b""


async def test_sensors_that_kill_their_keepers_cost_no_seat(link: ExecutorLink) -> None:
    for _ in range(SENSORS + 1):
        what = sensor("kill -9 $PPID; sleep 100")
        await link.start(what)
        assert (await link.wait(what.execution, 1)).how is How.LOST
        await link.forget(what.execution, 1)


async def test_secrets_are_masked_in_both_streams(executor: Hosted, link: ExecutorLink) -> None:
    what = sensor("echo it is sesame-open; echo sesame-open >&2", masks=(b"sesame-open",))
    reply = await link.start(what)
    await link.wait(what.execution, 1)
    await link.forget(what.execution, 1)
    assert spooled(executor, what.execution) == b"it is ***\n"
    assert log_of(reply.log_directory, "stderr") == b"***\n"
    await link.unspool(what.execution)


async def test_sensors_take_no_slot_and_have_a_bound_of_their_own(executor: Hosted, link: ExecutorLink) -> None:
    many = [sensor("exec sleep 100") for _ in range((await link.greeting()).sensors)]
    for what in many:
        await link.start(what)
    with pytest.raises(StartRefused, match="as many sensors run"):
        await link.start(sensor("true"))
    attempt = shell("exit 3")
    await link.start(attempt)
    assert (await link.wait(attempt.execution, 1)).exit_code == 3
    await link.forget(attempt.execution, 1)
    assert {one.execution for one in await link.listed_sensors()} == {what.execution for what in many}
    for what in many:
        await end(link, what)


async def test_an_agent_of_before_does_not_see_them(executor: Hosted, link: ExecutorLink) -> None:
    what = sensor("exec sleep 100")
    await link.start(what)
    assert await link.listed() == ()
    peer = Peer(executor)
    assert peer.ask({"type": "list"})["attempts"] == []
    peer.close()
    await end(link, what)


async def test_at_the_bound_the_sensor_waits_and_trimming_lets_it_go_on(executor: Hosted, link: ExecutorLink) -> None:
    """Nothing is lost, nothing is twice, and what it could write beyond the bound is what a pipe and one read hold."""
    count = 300_000
    what = sensor(f"seq {count}", segments=3)
    await link.start(what)
    folder = executor.place / "logs" / SPOOLS / what.execution
    ending, got, number = asyncio.create_task(link.wait(what.execution, 1)), b"", 0
    while not ending.done():
        path = segment_path(folder, number)
        await eventually(partial(_full_or_ended, path, ending))
        if not ending.done():
            assert number > 20 or len(list(folder.iterdir())) <= 3
            got += path.read_bytes()
            number += 1
            await link.trim(what.execution, number)
            assert not path.exists()
    assert (await ending).how is How.EXITED
    assert got + spooled(executor, what.execution) == b"".join(b"%d\n" % line for line in range(1, count + 1))
    await link.forget(what.execution, 1)
    await link.unspool(what.execution)
    assert not folder.exists()


@pytest.mark.soak
async def test_one_that_floods_is_held_at_its_bound(executor: Hosted, link: ExecutorLink) -> None:
    what = sensor("yes", segments=4)
    await link.start(what)
    await eventually(lambda: len(spooled(executor, what.execution)) == 4 * SEGMENT)
    await link.trim(what.execution, 2)
    await eventually(lambda: len(spooled(executor, what.execution)) == 4 * SEGMENT)
    assert await end(link, what) is How.CANCELLED


async def test_one_that_ends_at_the_bound_is_over_and_what_was_in_its_pipe_is_kept(executor: Hosted, link: ExecutorLink) -> None:
    what = sensor("head -c 20000 /dev/zero", segments=2)
    await link.start(what)
    assert (await link.wait(what.execution, 1)).how is How.EXITED
    assert spooled(executor, what.execution) == bytes(20_000)
    await link.unspool(what.execution)


async def test_a_running_sensors_spool_is_not_removed(link: ExecutorLink) -> None:
    what = sensor("echo here; exec sleep 100")
    await link.start(what)
    with pytest.raises(RequestMalformed, match="has not ended"):
        await link.unspool(what.execution)
    await end(link, what)


async def test_daemons_of_a_sensor_die_with_it(executor: Hosted, link: ExecutorLink) -> None:
    witness = executor.open / "daemon"
    what = replace(sensor(""), argv=("/usr/bin/python3", "-c", DAEMON + "time.sleep(100)", str(witness)))
    await link.start(what)
    await eventually(lambda: lines(witness) != [])
    pid = int(lines(witness)[0])
    await end(link, what)
    assert not alive(pid)


async def test_one_that_is_not_renewed_is_stopped(link: ExecutorLink) -> None:
    what = sensor("exec sleep 100", lease=0.3)
    await link.start(what)
    await link.renew(what.execution, 0.6)
    ended = await link.wait(what.execution, 1)
    assert (ended.how, ended.detail) == (How.CANCELLED, "not_renewed")
    assert ended.duration >= 0.5


async def test_a_user_needs_a_grant(mode: str, link: ExecutorLink) -> None:
    what = sensor("true", user="nobody", action="web.disk")
    with pytest.raises(GrantMissing):
        await link.start(what)


@pytest.mark.parametrize("change", [{"segment": 1}, {"segments": 1}, {"segments": 5000}, {}])
def test_wrong_bounds_are_refused(executor: Hosted, change: dict[str, int]) -> None:
    peer = Peer(executor)
    message = {**encode_start(sensor("true")), "spool": {**({"segment": 4096, "segments": 4} if change else {}), **change}}
    assert peer.ask({"type": "start", **message})["refused"] == "bad_request"
    peer.close()


@pytest.mark.soak
class TestCrashes:
    """Each with an executor of its own, which it kills."""

    @pytest.fixture
    def executor(self, mode: str) -> Iterator[Hosted]:
        with hosted(mode, first_uid=FIRST_UID + 10) as it:
            yield it

    async def test_the_agent_may_die_and_finds_it_running(self, executor: Hosted) -> None:
        what = sensor("i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done")
        async with ExecutorLink(executor.run) as first:
            await first.start(what)
            await eventually(lambda: spooled(executor, what.execution) != b"")
        before = len(spooled(executor, what.execution))
        await eventually(lambda: len(spooled(executor, what.execution)) > before + 20)
        async with ExecutorLink(executor.run) as second:
            assert [one.execution for one in await second.listed_sensors()] == [what.execution]
            await end(second, what)

    async def test_they_die_with_the_executor_and_their_spools_stay(self, executor: Hosted) -> None:
        witness = executor.open / "pid"
        what = sensor(f"echo kept; setsid sh -c 'echo $$ > {witness}; exec sleep 100' & exec sleep 100")
        async with ExecutorLink(executor.run) as link:
            await link.start(what)
            await eventually(lambda: lines(witness) != [] and spooled(executor, what.execution) != b"")
        executor.kill()
        executor.start()
        assert not alive(int(lines(witness)[0]))
        assert spooled(executor, what.execution) == b"kept\n"
        async with ExecutorLink(executor.run) as link:
            ended = await link.wait(what.execution, 1)
            assert (ended.how, ended.detail) == (How.LOST, "executor_died")
            again = sensor("echo again")
            await link.start(again)
            assert (await link.wait(again.execution, 1)).how is How.EXITED, executor.log()

    @pytest.mark.root
    async def test_their_processes_die_even_when_their_keeper_is_killed_too(self) -> None:
        """The next life gives no keeper to their uids before it hosts one again: it empties them itself."""
        with hosted("uids", first_uid=FIRST_UID + 20) as executor:
            witness = executor.open / "pid"
            what = sensor(f"setsid sh -c 'echo $$ > {witness}; exec sleep 100' & exec sleep 100")
            async with ExecutorLink(executor.run) as link:
                await link.start(what)
                await eventually(lambda: lines(witness) != [])
            keepers = executor.keepers()
            os.kill(executor.pid, 19)
            for keeper in keepers:
                os.kill(keeper, 9)
            executor.kill()
            pid = int(lines(witness)[0])
            assert alive(pid)
            executor.start()
            assert not alive(pid)

    async def test_a_retiring_executor_does_not_wait_for_them(self, executor: Hosted) -> None:
        what = sensor("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done")
        async with ExecutorLink(executor.run) as link:
            await link.start(what)
            await eventually(lambda: spooled(executor, what.execution) == b"up\n")
        assert executor.process is not None
        peer = Peer(executor)
        if executor.uid in (0, os.geteuid()) or os.geteuid() == 0:
            assert "refused" not in peer.ask({"type": "retire", "now": False})
        wait_until(lambda: executor.process is not None and executor.process.poll() is not None, what="its end")
        peer.close()
        assert spooled(executor, what.execution) == b"up\nbye\n"
