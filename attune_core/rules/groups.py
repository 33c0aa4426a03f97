"""Group: the events of one rule and key that wait to be fired for together, as a value that stores and replays keep; pure.

Made and changed by `gathering`; `ending` says what comes of one that has ended.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from attune_core.catalog.catalog import Throttle
from attune_core.expressions.runtime.frame import MAX_OUTPUT
from attune_core.rules.throttling import ThrottleKey

#: Events of a group that are kept, the newest, and how large they are together, but for the last one, which is kept whatever its size: so
#: large that all of them can leave an expression.
MEMBERS = 100
MEMBERS_SIZE = MAX_OUTPUT - 3 * (MEMBERS + 1)


@dataclass(frozen=True, kw_only=True)
class Member:
    """One event of a group: its position, and how large it is as expressions see it, 0 where none wants more than the last."""

    position: int
    size: int


@dataclass(frozen=True, kw_only=True)
class Group:
    """What waits under one key. Times are when events were received, seconds of the epoch.

    It ends at `due`; also when the clock says `back` or earlier, because it has stepped back by more than a window (decision 0010).
    `members` are those of its `count` events that are kept, oldest first.
    """

    key: ThrottleKey
    terms: str
    opened_at: float
    last_at: float
    due: float
    back: float
    count: int
    members: tuple[Member, ...]

    @property
    def first(self) -> int:
        """The position of the first event that is kept."""
        return self.members[0].position

    @property
    def last(self) -> int:
        """The position of the event that it stands for: the last one, or the one that armed an absence."""
        return self.members[-1].position

    def is_due(self, at: float) -> bool:
        """Tell whether it has ended by a time."""
        return at >= self.due or at <= self.back

    def joined(self, throttle: Throttle, at: float, member: Member) -> "Group":
        """Return it with one more event."""
        if throttle.form == "absence":  # what is waited for is the answer to the first
            return replace(self, count=self.count + 1)
        members = _kept((*self.members, member))
        due, back = (at + throttle.within, at - throttle.within) if throttle.form == "debounce" else (self.due, self.back)
        return replace(self, last_at=at, due=due, back=back, count=self.count + 1, members=members)


def opened(key: ThrottleKey, throttle: Throttle, at: float, member: Member) -> Group:
    """Return the group that a first event opens."""
    due, back = at + throttle.within, at - throttle.within
    return Group(key=key, terms=throttle.terms, opened_at=at, last_at=at, due=due, back=back, count=1, members=(member,))


class Why(StrEnum):
    """Why a group has ended."""

    DUE = "due"
    FULL = "full"
    EARLY = "early"  # its rule had too many groups
    REPLACED = "replaced"  # the rule's throttle says something else by now
    ANSWERED = "answered"  # what it waited for came


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A group that has ended, when, and why; `by` is the position of the event that ended it, 0 for time alone."""

    group: Group
    why: Why
    at: float
    by: int = 0


def _kept(members: tuple[Member, ...]) -> tuple[Member, ...]:
    """Return the newest that there is room for, at least the last."""
    kept = members[-MEMBERS:]
    size = sum(one.size for one in kept)
    while len(kept) > 1 and size > MEMBERS_SIZE:
        size -= kept[0].size
        kept = kept[1:]
    return kept
