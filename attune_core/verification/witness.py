"""The witness: lines `S EXECUTION ATTEMPT` and `E EXECUTION ATTEMPT` that actions append to a file, read; pure.

An action writes them with its ATTUNE_EXECUTION_ID and ATTUNE_ATTEMPT; called by `attune verify order`.
"""

import re
from collections.abc import Iterable

from attune_core.verification.observed import Seen

#: A line is appended in one write, so it is whole; whatever else stands in the file is somebody else's.
_LINE = re.compile(rb"(?P<kind>[SE]) (?P<execution>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (?P<attempt>[0-9]{1,9})\s*\Z", re.ASCII)


def read_witness(lines: Iterable[bytes]) -> tuple[list[Seen], int]:
    """Return what was seen, and how many lines are not of this form."""
    seen: list[Seen] = []
    strange = 0
    for number, line in enumerate(lines, start=1):
        if (found := _LINE.match(line)) is None:
            strange += 1
            continue
        attempt = int(found["attempt"])
        seen.append(Seen(start=found["kind"] == b"S", execution=found["execution"].decode(), attempt=attempt, line=number))
    return seen, strange
