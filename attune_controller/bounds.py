"""Bounds: every queue and buffer of the controller by its name, with what is in it and what it holds at most; read in one place.

Put together by the composition root of what each holder says of itself; shown by the status, and by whatever exports figures.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Bound:
    """One of them, now. Names are words with `_`, as a metric's label has them."""

    name: str
    depth: int
    limit: int


#: Says what is in a holder's queues now; cheap, because it is asked again and again.
Holder = Callable[[], Iterable[Bound]]


@dataclass(frozen=True)
class Bounds:
    """All of them; a holder that is built later is added to the list."""

    holders: list[Holder] = field(default_factory=list)

    def rows(self) -> list[Bound]:
        """Return them by name."""
        return sorted((bound for holder in self.holders for bound in holder()), key=lambda bound: bound.name)
