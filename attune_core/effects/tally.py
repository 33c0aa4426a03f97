"""Tally: how often each of some texts came, with a bound on how many different ones are kept; pure.

Used by `forecast`, whose memory must not grow with the events it has seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

#: Different texts that are counted by themselves, and characters by which they differ.
KINDS, LONGEST = 50, 1000


@dataclass
class Tally:
    """Counts by text; what came when there was no more room is in `others`."""

    counts: dict[str, int] = field(default_factory=dict)
    others: int = 0

    def add(self, text: str) -> None:
        """Count one."""
        text = text[:LONGEST]
        if text in self.counts or len(self.counts) < KINDS:
            self.counts[text] = self.counts.get(text, 0) + 1
        else:
            self.others += 1

    def ordered(self) -> Sequence[tuple[str, int]]:
        """Return texts and counts, the most frequent first, among equals by the text."""
        return sorted(self.counts.items(), key=lambda one: (-one[1], one[0]))
