"""What a poll's lines come to, read from its spool."""

from pathlib import Path

from attune_agent.executor.spool import segment_path
from attune_agent.sensors.poll_result import PollResult, poll_result
from attune_agent.sensors.spool_files import SpoolFiles

_SEGMENT = 4096
_EVENT = b'{"trigger":"web.tick","data":{}}\n'


async def result_of(place: Path, content: bytes, *, length: int | None = None) -> PollResult:
    for number in range(-(-len(content) // _SEGMENT)):
        segment_path(place, number).write_bytes(content[number * _SEGMENT : (number + 1) * _SEGMENT])
    return await poll_result(SpoolFiles(place, _SEGMENT), len(content) if length is None else length)


async def test_the_last_state_counts_wherever_it_stands_and_its_line_need_not_end(tmp_path: Path) -> None:
    content = b'{"state":1}\n' + _EVENT * 300 + b'{"heartbeat":true}\n{"state":{"a":2}}'
    assert await result_of(tmp_path, content) == PollResult(events=300, state='{"a":2}', wrong=0, last_wrong="")


async def test_wrong_lines_are_counted_and_too_many_of_them_are_a_failure(tmp_path: Path) -> None:
    few = await result_of(tmp_path, b"x\n" * 1000 + _EVENT)
    assert (few.events, few.state, few.wrong, few.failed) == (1, None, 1000, False)
    assert "the line at byte 1998 is no event" in few.last_wrong
    assert (await result_of(tmp_path, b"x\n" * 100_000)).failed


async def test_nothing_is_a_result_too_and_what_is_gone_is_said(tmp_path: Path) -> None:
    assert await result_of(tmp_path, b"") == PollResult(events=0, state=None, wrong=0, last_wrong="")
    assert (await result_of(tmp_path, _EVENT, length=100)).last_wrong == f"{100 - len(_EVENT)} bytes of its output are gone"
