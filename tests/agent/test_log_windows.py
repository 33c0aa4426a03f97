"""The agent answers questions for logs: one that waits as long as nothing comes, many in turn, none that holds up what else it says."""

import base64
import os
from collections.abc import AsyncIterator, Iterator

import pytest

from attune_core.wire.agent_frames import LogWindow
from attune_core.wire.stream_frames import ReadLog, ReadLogFrame
from tests.agent.executor.hosted import Hosted, hosted
from tests.agent.living import Living, living
from tests.measured import peak_of
from tests.waiting import eventually

MANY, WINDOW = 60, 1 << 20


@pytest.fixture
def executor() -> Iterator[Hosted]:
    with hosted("uids" if os.geteuid() == 0 else "unprivileged") as it:
        it.open.chmod(0o777)
        yield it


@pytest.fixture
async def host(executor: Hosted) -> AsyncIterator[Living]:
    async with living(executor) as it:
        yield it


def _ask(host: Living, name: str, *, execution: str = "e-1", **keys: object) -> None:
    base = ReadLog(request=name, execution=execution, attempt=0, stream="stdout", offset=0, limit=WINDOW)
    host.stub.send(ReadLogFrame(n=0, body=base.model_copy(update=keys)))


def _answered(host: Living, name: str) -> bool:
    return any(one["request"] == name for one in host.stub.said("log_window"))


async def _answer(host: Living, name: str) -> tuple[bytes, LogWindow]:
    await eventually(lambda: _answered(host, name), what=f"the answer to {name}")
    (window,) = [LogWindow.model_validate(one) for one in host.stub.said("log_window") if one["request"] == name]
    return base64.b64decode(window.content), window


async def test_a_question_waits_for_a_byte_and_for_the_end(host: Living) -> None:
    host.serve_script("until [ -e WITNESS ]; do sleep 0.01; done; echo first; until [ ! -e WITNESS ]; do sleep 0.01; done")
    host.send("e-1")
    _ask(host, "waits", wait=10)
    _ask(host, "asks")
    content, window = await _answer(host, "asks")
    assert (content, window.missing, window.ended) == (b"", True, False)
    assert not _answered(host, "waits")
    host.witness.touch()
    content, window = await _answer(host, "waits")
    assert (content, window.attempt, window.ended) == (b"first\n", 1, False)
    _ask(host, "end", offset=6, wait=10)
    _ask(host, "beyond", offset=1000)
    content, window = await _answer(host, "beyond")
    assert (content, window.offset, window.total, window.gap) == (b"", 6, 6, 0)
    assert not _answered(host, "end")
    host.witness.unlink()
    content, window = await _answer(host, "end")
    assert (content, window.total, window.ended) == (b"", 6, True)


async def test_no_question_waits_for_what_cannot_be(host: Living) -> None:
    for name, keys in (("unknown", {"execution": "e-9"}), ("path", {"execution": "../../etc"}), ("build", {"stream": "build"})):
        _ask(host, name, wait=10, **keys)
        content, window = await _answer(host, name)
        assert (content, window.missing, window.ended) == (b"", True, True)


async def test_many_large_windows_are_read_one_after_the_other_and_hold_nothing_else_up(host: Living) -> None:
    host.serve_script("[ $ATTUNE_EXECUTION_ID = e-2 ] || yes 'a line of output' | head -c 8000000; echo end")
    host.send("e-1")
    await host.settled("e-1")
    before = peak_of(host.pid)
    for number in range(MANY):
        _ask(host, f"q-{number}", offset=number * 50_000)
    host.send("e-2")
    await host.settled("e-2")
    assert not _answered(host, f"q-{MANY - 1}"), "the report did not wait for the windows"
    for number in range(MANY):
        content, window = await _answer(host, f"q-{number}")
        assert content == (b"a line of output\n" * (2 + len(content) // 17))[window.offset % 17 :][: len(content)]
    assert peak_of(host.pid) - before < 32 << 20
