"""What a poll's run comes to once it has ended: all of it counts, or nothing does; docs/contract/sensor.md.

Called by `sensor` before anything of the run is sent. A run that failed, or ran out of its time, is as if it had not been: the next one is
given the same state and finds the same again.
"""

import asyncio
from dataclasses import dataclass

from attune_agent.sensors.feed import READ
from attune_agent.sensors.line_meaning import BadLine, EventLine, StateLine, meaning_of
from attune_agent.sensors.line_splitting import Line, LineSplitter
from attune_agent.sensors.spool_files import SpoolFiles


@dataclass(frozen=True, kw_only=True)
class PollResult:
    """What its lines say together; `state` None: it returned none."""

    events: int
    state: str | None
    wrong: tuple[str, ...]


async def poll_result(spool: SpoolFiles, length: int) -> PollResult:
    """Read all of a run's lines, without keeping them."""
    splitter, events, state, wrong = LineSplitter(0), 0, None, list[str]()
    while splitter.read_to < length:
        chunk = spool.read(splitter.read_to, READ)
        lines = list(splitter.feed(chunk))
        if not chunk:
            wrong.append(f"{length - splitter.read_to} bytes of its output are gone")
            splitter.skip_to(length)
        elif splitter.read_to >= length and (rest := splitter.rest()) is not None:
            lines.append(rest)
        for line in lines:
            match _meaning(line):
                case EventLine():
                    events += 1
                case StateLine() as found:
                    state = found.state
                case BadLine() as bad:
                    wrong.append(bad.reason)
                case _:
                    pass
        await asyncio.sleep(0)  # one that printed much is no reason to let everybody else wait
    return PollResult(events=events, state=state, wrong=tuple(wrong))


def _meaning(line: Line) -> object:
    return meaning_of(line, poll=True)
