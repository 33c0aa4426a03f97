"""What a broken promise is: which invariant, in which queue, and the lines of the journals that show it; pure.

Made by `history`, `observed` and `agreement`; printed by `attune verify order`, asserted empty by the tests of crashes.
"""

from dataclasses import dataclass
from enum import Enum


class Invariant(Enum):
    """The promises that can be judged from outside: the number of reliability.md, a name, and the sentence that must hold."""

    COMPLETE = ("G1", "nothing is lost", "what was accepted runs, or its end is said")
    PLACE = ("G4", "one place each", "no two executions have one place in a queue, and a new place is always the last")
    ONCE = ("G5", "at most one start", "no attempt of an execution starts twice")
    ORDER = ("G7", "first in, first started", "no execution first starts while one before it in its queue has neither started nor ended")
    LIMIT = ("G7", "within the limit", "no more executions of a queue have started and not ended than its limit")
    KEPT = ("G8", "places are kept", "nothing but a new place at the end changes where an execution stands")
    ATTEMPTS = ("G9", "attempts one by one", "attempts are counted up, and each starts after the one before it has ended")
    END = ("G10", "one end", "an execution ends once, and nothing of it happens afterwards")
    EVENTS = ("G11", "events in order", "events become executions in the order in which they were accepted")
    AGREEMENT = ("G12", "the journals agree", "what one journal shows is not denied by another")

    def __init__(self, code: str, title: str, sentence: str) -> None:
        """Take the row."""
        self.code, self.title, self.sentence = code, title, sentence

    @property
    def label(self) -> str:
        """Return what it is called in messages: `G7 first in, first started`."""
        return f"{self.code} {self.title}"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One line of one journal."""

    journal: str
    line: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One counter-example; its evidence is in the order of the journal."""

    invariant: Invariant
    queue: str
    message: str
    evidence: tuple[Evidence, ...] = ()

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.invariant.code}: {self.message}"


#: Lines shown of one counter-example.
MOST_EVIDENCE = 12


def evidence(*lines: Evidence | None) -> tuple[Evidence, ...]:
    """Return these lines once each, by journal and line, at most MOST_EVIDENCE: the last ones, which show the break."""
    found = sorted({line for line in lines if line is not None}, key=lambda line: (line.journal, line.line))
    return tuple(found[-MOST_EVIDENCE:])
