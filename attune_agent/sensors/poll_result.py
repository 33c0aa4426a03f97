"""What a poll's run comes to once it has ended: all of it counts, or nothing does; docs/contract/sensor.md.

Called by `sensor` before anything of the run is sent. A run that failed, or ran out of its time, is as if it had not been: the next one is
given the same state and finds the same again.
"""

import asyncio
from dataclasses import dataclass

from attune_agent.sensors.line_meaning import BadLine, EventLine, StateLine, meaning_of
from attune_agent.sensors.line_splitting import Line, LineSplitter
from attune_agent.sensors.spool_files import SpoolFiles

#: Bytes of one look, and wrong lines beyond which a run has failed.
_READ, _MOST_WRONG = 16 << 10, 1000


@dataclass(frozen=True, kw_only=True)
class PollResult:
    """What its lines say together; `state` None: it returned none."""

    events: int
    state: str | None
    #: How many lines were wrong, and what was with the last one.
    wrong: int
    last_wrong: str

    @property
    def failed(self) -> bool:
        """Whether so many lines were wrong that the others are not looked for."""
        return self.wrong > _MOST_WRONG


async def poll_result(spool: SpoolFiles, length: int) -> PollResult:
    """Read all of a run's lines, without keeping them."""
    splitter, events, state, wrong, last_wrong = LineSplitter(0), 0, None, 0, ""
    while splitter.read_to < length and wrong <= _MOST_WRONG:
        chunk = spool.read(splitter.read_to, _READ)
        lines = list(splitter.feed(chunk))
        if not chunk:
            wrong, last_wrong = wrong + 1, f"{length - splitter.read_to} bytes of its output are gone"
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
                    wrong, last_wrong = wrong + 1, bad.reason
                case _:
                    pass
        await asyncio.sleep(0)  # one that printed much is no reason to let everybody else wait
    return PollResult(events=events, state=state, wrong=wrong, last_wrong=last_wrong)


def _meaning(line: Line) -> object:
    return meaning_of(line, poll=True)
