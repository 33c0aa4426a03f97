import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from attune_agent.environments.commands import Command
from attune_agent.environments.host_commands import HostCommands
from attune_agent.executor.log_files import attempt_directories
from attune_agent.executor_errors import AttemptUnknown, ExecutorUnreachable, StartRefused
from attune_agent.host import (
    AttemptState,
    Ended,
    Greeting,
    How,
    Kind,
    Listed,
    Result,
    ResultSource,
    ResultState,
    StartReply,
    StartRequest,
    Word,
)
from attune_agent.preparation_errors import BuildDelayed
from attune_core.errors import AttuneError
from tests.waiting import eventually


class StillClock:
    """A clock whose sleeps take no time and are remembered."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


class ScriptedHost:
    """An executor of which the tests say how it answers; every call is remembered in order."""

    def __init__(self, *, refusals: Sequence[AttuneError] = (), listed: Sequence[Listed] = ()) -> None:
        self.calls: list[str] = []
        self.requests: list[StartRequest] = []
        self.refusals = list(refusals)
        self.gone = False
        self.held = list(listed)
        self.ends: dict[tuple[str, int], asyncio.Future[Ended]] = {}

    async def greeting(self) -> Greeting:
        raise AssertionError("not asked by commands")

    async def start(self, request: StartRequest, word: Word | None = None) -> StartReply:  # noqa: ARG002 - the port's signature
        if self.refusals:
            raise self.refusals.pop(0)
        self.calls.append(f"start {request.execution} {request.attempt}")
        self.requests.append(request)
        self.ends[request.execution, request.attempt] = asyncio.get_running_loop().create_future()
        return StartReply(state=AttemptState.ACCEPTED, log_directory="")

    async def stop(self, execution: str, attempt: int, *, grace: float) -> None:
        self.calls.append(f"stop {execution} {attempt}")
        assert grace == 0.0
        future = self.ends.setdefault((execution, attempt), asyncio.get_running_loop().create_future())
        if not future.done():
            future.set_result(ended(How.CANCELLED))

    async def wait(self, execution: str, attempt: int) -> Ended:
        if (execution, attempt) not in self.ends:
            raise AttemptUnknown
        return await asyncio.shield(self.ends[execution, attempt])

    async def listed(self) -> tuple[Listed, ...]:
        self.calls.append("list")
        return tuple(self.held)

    async def forget(self, execution: str, attempt: int) -> None:
        self.calls.append(f"forget {execution} {attempt}")
        if self.gone:
            raise ExecutorUnreachable("gone")

    async def end(self, how: How, *, exit_code: int | None = None, result: bytes = b"") -> None:
        await eventually(lambda: any(not future.done() for future in self.ends.values()))
        for future in self.ends.values():
            if not future.done():
                future.set_result(ended(how, exit_code, result))


def ended(how: How, exit_code: int | None = None, result: bytes = b"") -> Ended:
    return Ended(
        execution="",
        attempt=1,
        how=how,
        exit_code=exit_code,
        signal=None,
        detail="why",
        result=Result(state=ResultState.OK, body=result),
        stdout_bytes=0,
        stderr_bytes=0,
        log_directory="",
        started_at=None,
        ended_at=0,
        duration=0,
    )


def command(execution: str | None = None, answer_limit: int = 0, env: Mapping[str, str] | None = None) -> Command:
    return Command(argv=("true",), env=env or {"PATH": "/bin"}, timeout=5, execution=execution, answer_limit=answer_limit)


def commands(host: ScriptedHost, logs: Path, clock: StillClock | None = None) -> HostCommands:
    return HostCommands(host, logs=logs, lock=logs / ".builder", clock=clock or StillClock())


async def test_a_command_is_a_build_with_exactly_the_given_variables(tmp_path: Path) -> None:
    host = ScriptedHost()
    running = asyncio.create_task(commands(host, tmp_path).run(command("e1", 100, {"PATH": "/x", "A": "b"})))
    await host.end(How.EXITED, exit_code=0, result=b"said")
    outcome = await running
    (request,) = host.requests
    assert outcome.succeeded
    assert outcome.answer == b"said"
    assert (request.kind, request.env, request.execution, request.attempt) == (Kind.BUILD, {"PATH": "/x", "A": "b"}, "e1.build", 1)
    assert request.result_from is ResultSource.STDOUT
    assert host.calls == ["list", "start e1.build 1", "forget e1.build 1"]


async def test_builds_of_an_agent_that_died_are_ended_before_a_command(tmp_path: Path) -> None:
    old = Listed(execution="e0.build", attempt=3, kind=Kind.BUILD, state=AttemptState.RUNNING, condition="", log_directory="")
    action = Listed(execution="e0", attempt=1, kind=Kind.ATTEMPT, state=AttemptState.RUNNING, condition="", log_directory="")
    host = ScriptedHost(listed=[old, action])
    here = commands(host, tmp_path)
    for _ in range(2):
        running = asyncio.create_task(here.run(command()))
        await eventually(lambda: len(host.requests) > 0 and not list(host.ends.values())[-1].done())
        await host.end(How.EXITED, exit_code=0)
        await running
        host.held.clear()
    assert host.calls[:3] == ["list", "stop e0.build 3", "forget e0.build 3"]
    assert not [call for call in host.calls if call.startswith(("stop e0 ", "forget e0 "))]


async def test_only_one_command_runs_at_a_time(tmp_path: Path) -> None:
    host = ScriptedHost()
    here = commands(host, tmp_path)
    running = [asyncio.create_task(here.run(command())) for _ in range(3)]
    for number in range(1, 4):
        await eventually(lambda number=number: len(host.requests) == number)  # type: ignore[misc]  # a default binds it now
        await asyncio.sleep(0)
        assert len(host.requests) == number
        await host.end(How.EXITED, exit_code=0)
    await asyncio.gather(*running)
    assert len({(request.execution, request.attempt) for request in host.requests}) == 3


async def test_a_busy_executor_is_asked_again_and_then_the_execution_waits(tmp_path: Path) -> None:
    clock = StillClock()
    host = ScriptedHost(refusals=[StartRefused("no_slot"), ExecutorUnreachable("away")])
    running = asyncio.create_task(commands(host, tmp_path, clock).run(command()))
    await host.end(How.EXITED, exit_code=0)
    assert (await running).succeeded
    assert len(clock.slept) == 2
    busy = ScriptedHost(refusals=[StartRefused("no_slot")] * 100)
    with pytest.raises(BuildDelayed, match="no_slot"):
        await commands(busy, tmp_path, clock).run(command())


@pytest.mark.parametrize("how", [How.NOT_STARTED, How.LOST, How.CANCELLED])
async def test_an_end_of_which_the_command_is_innocent_passes(tmp_path: Path, how: How) -> None:
    host = ScriptedHost()
    running = asyncio.create_task(commands(host, tmp_path).run(command()))
    await host.end(how)
    with pytest.raises(BuildDelayed, match=how.value):
        await running


async def test_a_command_that_ended_has_succeeded_though_its_executor_is_gone_before_it_can_forget_it(tmp_path: Path) -> None:
    host = ScriptedHost()
    running = asyncio.create_task(commands(host, tmp_path).run(command()))
    host.gone = True
    await host.end(How.EXITED, exit_code=0)
    assert (await running).succeeded


async def test_a_cancelled_command_has_ended_when_the_cancellation_returns(tmp_path: Path) -> None:
    host = ScriptedHost()
    here = commands(host, tmp_path)
    running = asyncio.create_task(here.run(command("e1")))
    await eventually(lambda: bool(host.requests))
    running.cancel()
    await asyncio.wait({running})
    assert running.cancelled()
    assert host.calls[-2:] == ["stop e1.build 1", "forget e1.build 1"]


async def test_after_a_doubtful_end_the_next_command_looks_for_leftovers_again(tmp_path: Path) -> None:
    host = ScriptedHost(refusals=[StartRefused("no_slot")] * 8)
    here = commands(host, tmp_path)
    with pytest.raises(BuildDelayed):
        await here.run(command())
    running = asyncio.create_task(here.run(command()))
    await host.end(How.EXITED, exit_code=0)
    await running
    assert host.calls.count("list") == 2


async def test_builds_of_one_execution_are_numbered_on_and_the_newest_is_its_log(tmp_path: Path) -> None:
    builds = (("2026-11", 9), ("2026-12", 10))
    for month, attempt in builds:
        (tmp_path / month / "e1.build" / str(attempt)).mkdir(parents=True)
    (tmp_path / "2026-12/e1.build/rubbish").mkdir()
    assert attempt_directories(tmp_path, "e1.build") == {attempt: tmp_path / f"{month}/e1.build/{attempt}" for month, attempt in builds}
    assert attempt_directories(tmp_path, "e2.build") == {}
    host = ScriptedHost()
    running = asyncio.create_task(commands(host, tmp_path).run(command("e1")))
    await host.end(How.EXITED, exit_code=0)
    await running
    assert host.requests[0].attempt == 11
