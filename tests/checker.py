"""The checker of order and once-ness: it trusts only the witness file that the actions themselves append to.

A line is `S queue index attempt` or `E queue index attempt`; index is the order in which the queue's events were accepted, so that
no record of Attune is needed to judge. The judge is `attune_core.verification`, which `attune verify order` uses too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from attune_core.verification.observed import Seen, Standing, View, judge_seen


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
    """Return every violation of G5, G7 and G9, and what never ran.

    `limits` by queue; `expected` executions by queue; `settled` are the (queue, index) that Attune itself says ended without an `E` line of
    their last attempt (lost or killed), which the witness cannot know.
    """
    seen = [
        Seen(start=line.start, execution=f"{line.queue} {line.index}", attempt=line.attempt, line=number)
        for number, line in enumerate(lines, start=1)
    ]

    def standing(execution: str, _attempt: int) -> Standing | None:
        queue, index = execution.split()
        return Standing(queue=queue, position=(0, int(index)), limit=limits[queue]) if queue in limits else None

    view = View(journal="witness", exact=False, unseen={f"{queue} {index}" for queue, index in settled})
    return [*map(str, judge_seen(seen, standing, view)), *_missing(lines, expected, settled)]


def _missing(lines: Sequence[Line], expected: Mapping[str, int], settled: frozenset[tuple[str, int]]) -> list[str]:
    started = {(line.queue, line.index) for line in lines if line.start}
    return [
        f"G1: {queue} {index} never ran"
        for queue, count in expected.items()
        for index in range(count)
        if (queue, index) not in started and (queue, index) not in settled
    ]
