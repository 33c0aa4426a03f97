"""Starts that wait for the agent's word: recorded and prepared, begun by no other and without it by nobody, and gone with whoever asked."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from attune_agent.executor_errors import ExecutorUnreachable, StartRefused
from attune_agent.executor_link import ExecutorLink
from attune_agent.executor_messages import encode_start
from attune_agent.host import AttemptState, How, InputVia, StartReply, StartRequest
from tests.agent.executor.hosted import Hosted, Peer, hosted, shell
from tests.agent.executor.test_crashes_at_the_gate import nothing_left, prepared
from tests.waiting import eventually


class Withheld(Exception):
    """The word of these tests that does not come."""


@pytest.fixture(scope="module")
def executor(mode: str) -> Iterator[Hosted]:
    with hosted(mode) as it:
        yield it


class Waiting:
    """A start that waits, and the word it waits for."""

    def __init__(self, executor: Hosted, link: ExecutorLink) -> None:
        self.witness = executor.open / f"witness-{os.urandom(4).hex()}"
        self.what = shell(f"echo ran >> {self.witness}; exit 3", input=b"secret", input_via=InputVia.FILE)
        self.said: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.starting: asyncio.Task[StartReply] = asyncio.create_task(link.start(self.what, lambda: self.said))


@asynccontextmanager
async def a_start_that_waits(executor: Hosted, link: ExecutorLink) -> AsyncIterator[Waiting]:
    waiting = Waiting(executor, link)
    await eventually(lambda: prepared(executor, waiting.what))
    assert not waiting.starting.done()
    yield waiting


async def test_it_begins_at_its_word_and_not_before(executor: Hosted, link: ExecutorLink) -> None:
    async with a_start_that_waits(executor, link) as waiting:
        assert [one.state for one in await link.listed()] == [AttemptState.ACCEPTED]
        assert not waiting.witness.exists()
        waiting.said.set_result(None)
        assert (await waiting.starting).state is AttemptState.ACCEPTED
        assert (await link.wait(waiting.what.execution, 1)).exit_code == 3
        assert waiting.witness.read_text() == "ran\n"
        await link.forget(waiting.what.execution, 1)


async def test_without_its_word_nothing_is_left_of_it_and_it_can_be_asked_anew(executor: Hosted, link: ExecutorLink) -> None:
    async with a_start_that_waits(executor, link) as waiting:
        waiting.said.set_exception(Withheld())
        with pytest.raises(Withheld):
            await waiting.starting
        await eventually(lambda: nothing_left(executor))
        assert await link.listed() == ()
        assert not waiting.witness.exists()
        await link.start(waiting.what)
        assert (await link.wait(waiting.what.execution, 1)).how is How.EXITED
        assert waiting.witness.read_text() == "ran\n"
        await link.forget(waiting.what.execution, 1)


async def test_nobody_elses_word_begins_it_and_it_goes_with_whoever_asked(executor: Hosted, link: ExecutorLink) -> None:
    what = shell("true")
    asker, other = Peer(executor), Peer(executor)
    asker.send(line(what, "start"))
    await eventually(lambda: prepared(executor, what))
    other.send(line(what, "begin"))
    assert other.ask({"type": "start", **encode_start(what)})["refused"] == "busy_host"
    assert other.ask({"type": "outcome", "execution": what.execution, "attempt": 1})["refused"] == "unknown"
    asker.close()
    await eventually(lambda: nothing_left(executor))
    other.close()
    assert await link.listed() == ()


async def test_a_word_that_comes_with_the_start_is_obeyed_when_it_is_recorded(executor: Hosted, link: ExecutorLink) -> None:
    what = shell("exit 4")
    await link.greeting()
    asker = Peer(executor)
    asker.send(line(what, "start") + line(what, "begin"))
    assert asker.answer()["state"] == "accepted"
    assert (await link.wait(what.execution, 1)).exit_code == 4
    asker.close()
    await link.forget(what.execution, 1)


async def test_one_whose_keeper_has_died_is_lost_whatever_is_said(executor: Hosted, link: ExecutorLink) -> None:
    async with a_start_that_waits(executor, link) as waiting:
        for keeper in executor.keepers():
            os.kill(keeper, signal.SIGKILL)
        waiting.said.set_result(None)
        assert (await waiting.starting).state is AttemptState.ACCEPTED
        ended = await link.wait(waiting.what.execution, 1)
        assert (ended.how, ended.detail) == (How.LOST, "keeper_died")
        assert not waiting.witness.exists()


async def test_an_executor_of_before_is_asked_when_the_word_has_come(executor: Hosted, link: ExecutorLink) -> None:
    link._greeting = replace(await link.greeting(), awaits_word=False)
    waiting = Waiting(executor, link)
    await link.listed()
    assert not prepared(executor, waiting.what)
    waiting.said.set_result(None)
    await waiting.starting
    assert (await link.wait(waiting.what.execution, 1)).exit_code == 3


async def test_an_executor_that_is_stopped_waits_for_no_word(executor: Hosted) -> None:
    async with ExecutorLink(executor.run, connect_limit=0.1) as link, a_start_that_waits(executor, link) as waiting:
        assert await asyncio.to_thread(executor.stop) == 0
        waiting.said.set_result(None)
        with pytest.raises((ExecutorUnreachable, StartRefused)):
            await waiting.starting
        assert not waiting.witness.exists()
        executor.start()


def line(what: StartRequest, kind: str) -> bytes:
    """What an agent says of a start that waits for its word."""
    key = {"execution": what.execution, "attempt": what.attempt}
    message = {**encode_start(what), "await_word": True} if kind == "start" else key
    return json.dumps({"id": 1, "type": kind, **message}).encode() + b"\n"
