"""How an executor is stopped and replaced: when nothing runs, or at once; one at a time on one state and its uids."""

import asyncio
import os
import subprocess

import pytest

from attune_agent.executor_errors import StartRefused
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import How
from tests.agent.executor.hosted import PLAIN_UID, Hosted, hosted, request, shell
from tests.waiting import eventually


def stopping(executor: Hosted, *flags: str, user: int | None = None) -> "subprocess.Popen[bytes]":
    argv = [*executor.program, "stop", "--run", str(executor.run), *flags]
    return subprocess.Popen(argv, env=executor.environment, user=user, stderr=subprocess.PIPE)


async def _said(process: "subprocess.Popen[bytes]", code: int) -> str:
    _, said = await asyncio.to_thread(process.communicate, timeout=30)
    assert process.returncode == code, said
    return said.decode()


async def test_a_stop_waits_for_what_runs_and_starts_nothing_more(executor: Hosted) -> None:
    go = executor.open / "go"
    async with ExecutorLink(executor.run) as link:
        what = shell(f"while [ ! -e {go} ]; do sleep 0.02; done; exit 6")
        await link.start(what)
        stop = stopping(executor)
        assert stop.stderr is not None
        assert b"waiting" in await asyncio.to_thread(stop.stderr.readline)
        with pytest.raises(StartRefused, match="stopping"):
            await link.start(shell("true"))
        assert stop.poll() is None
        go.touch()
        assert (await link.wait(what.execution, 1)).exit_code == 6
        await _said(stop, 0)
        assert executor.process is not None
        assert executor.process.wait(timeout=10) == 0
        executor.start()  # another takes its place and knows of the end
        assert (await link.wait(what.execution, 1)).exit_code == 6


async def test_a_stop_now_ends_what_runs(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        what = shell("sleep 100")
        await link.start(what)
        waiting = stopping(executor)
        assert waiting.stderr is not None
        assert b"waiting" in await asyncio.to_thread(waiting.stderr.readline)
        assert "ending" in await _said(stopping(executor, "--now"), 0)
        await _said(waiting, 0)
        assert executor.process is not None
        await asyncio.to_thread(executor.process.wait, 10)
        executor.start()
        assert (await link.wait(what.execution, 1)).how is How.CANCELLED


async def test_sigterm_ends_what_a_stop_still_waits_for(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        what = shell("sleep 100")
        await link.start(what)
        stop = stopping(executor)
        assert stop.stderr is not None
        await asyncio.to_thread(stop.stderr.readline)
        assert executor.stop() == 0
        await _said(stop, 0)


async def test_a_second_sigterm_waits_for_no_attempt_and_for_no_keeper_that_its_action_stops(executor: Hosted) -> None:
    begun, asked = executor.open / "begun", executor.open / "asked"
    script = f"import os, pathlib, signal\nsignal.signal(15, lambda *_: pathlib.Path({str(asked)!r}).touch())\n"
    script += f"pathlib.Path({str(begun)!r}).touch()\nwhile True:\n    os.kill(os.getppid(), signal.SIGSTOP)"
    async with ExecutorLink(executor.run) as link:
        await link.start(request("/usr/bin/python3", "-c", script))
        await eventually(begun.exists)
        assert executor.process is not None
        executor.process.terminate()
        await eventually(asked.exists)
        executor.process.terminate()
        assert await asyncio.to_thread(executor.process.wait, 8) == 0, "its grace is ten seconds"


@pytest.mark.root
async def test_the_agents_user_cannot_stop_its_executor() -> None:
    with hosted("uids", start=False) as it:
        it.start(more=("--agent-uid", str(PLAIN_UID)))
        assert "only root" in await _said(stopping(it, user=PLAIN_UID), 3)
        assert it.process is not None
        assert it.process.poll() is None


async def test_without_an_executor_a_stop_says_so(mode: str) -> None:
    with hosted(mode, start=False) as it:
        assert "no executor can be reached" in await _said(stopping(it), 3)


async def test_a_second_executor_on_the_same_state_or_uids_refuses_to_start(executor: Hosted, mode: str) -> None:
    with hosted(mode, start=False) as other:
        if mode == "unprivileged":
            other.place = executor.place
        elif os.geteuid() == 0:
            other.first_uid = executor.first_uid
        other.start(ready=False)
        assert other.process is not None
        assert await asyncio.to_thread(other.process.wait, 30) == 3
        said = other.log()
        assert "another executor" in said
        await eventually(lambda: executor.process is not None and executor.process.poll() is None)
