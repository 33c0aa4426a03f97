"""The checker of order and once-ness: it trusts only the witness file that the actions themselves append to.

A line is `S queue index attempt` or `E queue index attempt`; index is the order in which the queue's events were accepted. Each invariant
has a name of reliability.md, and a violation is said with the lines that show it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One line of the witness."""

    start: bool
    queue: str
    index: int
    attempt: int


def read_witness(path: Path) -> list[Line]:
    """Return the lines; appends below PIPE_BUF are whole."""
    lines = []
    for text in path.read_text(encoding="ascii").splitlines():
        kind, queue, index, attempt = text.split()
        lines.append(Line(start=kind == "S", queue=queue, index=int(index), attempt=int(attempt)))
    return lines


def violations(
    lines: Sequence[Line], limits: Mapping[str, int], expected: Mapping[str, int], settled: frozenset[tuple[str, int]]
) -> list[str]:
    """Return every violation of G5 and G7, and what never ran.

    `limits` by queue; `expected` executions by queue; `settled` are the (queue, index) that Attune itself says ended without an `E` line of
    their last attempt (lost or killed), which the witness cannot know.
    """
    return [
        *_double_starts(lines),
        *(
            problem
            for queue, limit in limits.items()
            for problem in _order([line for line in lines if line.queue == queue], limit, settled)
        ),
        *_missing(lines, expected, settled),
    ]


def _double_starts(lines: Sequence[Line]) -> list[str]:
    starts = Counter((line.queue, line.index, line.attempt) for line in lines if line.start)
    return [f"G5: {key} was started {count} times" for key, count in starts.items() if count > 1]


def _order(lines: Sequence[Line], limit: int, settled: frozenset[tuple[str, int]]) -> list[str]:
    found: list[str] = []
    started: set[int] = set()
    unsettled: set[int] = set()
    # An execution that is retried is not settled between its attempts, so only its last end counts.
    last_end = {line.index: place for place, line in enumerate(lines) if not line.start}
    for place, line in enumerate(lines):
        if not line.start:
            if last_end[line.index] == place:
                unsettled.discard(line.index)
            continue
        earlier = set(range(line.index)) - started - {index for queue, index in settled if queue == line.queue}
        started.add(line.index)
        unsettled.add(line.index)
        alive = {index for index in unsettled if (line.queue, index) not in settled}
        # A start is the durable record; between it and the action's first line, processes of one queue that may run side by side can
        # overtake each other. Whoever was overtaken so is unsettled, and counts.
        if earlier and len(earlier | alive) > limit:
            found.append(f"G7: {line.queue} {line.index} started before {sorted(earlier)[:5]}")
        if len(alive) > limit:
            found.append(f"G7: {line.queue} has {sorted(alive)} started and not settled with limit {limit}")
    return found


def _missing(lines: Sequence[Line], expected: Mapping[str, int], settled: frozenset[tuple[str, int]]) -> list[str]:
    started = {(line.queue, line.index) for line in lines if line.start}
    return [
        f"G1: {queue} {index} never ran"
        for queue, count in expected.items()
        for index in range(count)
        if (queue, index) not in started and (queue, index) not in settled
    ]
