"""Waiting: which events of a case went into which group, and what came of it; pure.

Filled by `course` while the events of a case happen.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from attune_core.rules.firing import Waits
from attune_core.rules.groups import Why
from attune_core.rules.replay import Late, Replayed
from attune_core.rules.throttling import ThrottleKey

#: Why a rule does not fire for an event that its throttle let wait, beside the words of `ending.Lapse`.
WAITING, GATHERED = "waiting", "gathered"


@dataclass
class Waiting:
    """The groups of one course, in the order in which they ended."""

    late: list[Late] = field(default_factory=list)
    _open: dict[ThrottleKey, list[int]] = field(default_factory=dict)
    _of: dict[tuple[str, int], Late] = field(default_factory=dict)

    def take(self, number: int, replayed: Replayed) -> None:
        """Take what an event did: what ended before it, where it waits, and what ended with it."""
        self.pass_time(one for one in replayed.late if one.ended.why is not Why.FULL)
        for firing in replayed.firings:
            if isinstance(firing, Waits):
                self._open.setdefault(firing.group.key, []).append(number)
        self.pass_time(one for one in replayed.late if one.ended.why is Why.FULL)

    def pass_time(self, late: Iterable[Late]) -> None:
        """Take what has ended."""
        for one in late:
            self.late.append(one)
            key = one.ended.group.key
            self._of.update(dict.fromkeys(((key[0], number) for number in self._open.pop(key, ())), one))

    def group_of(self, rule: str, number: int) -> Late | None:
        """Return what came of the group that an event waited in, None while it is open."""
        return self._of.get((rule, number))
