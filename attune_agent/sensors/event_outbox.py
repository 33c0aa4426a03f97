"""Events on their way to the controller: one POST at a time takes the next ones, in their order for each sensor, in turn for all of them.

Filled through the feeds by `sensor`, emptied by the uplink's `posting`. What a session left unanswered the next one sends again, with the
same ids.
"""

from collections.abc import Callable, Sequence

from attune_agent.sensors.feed import Feed
from attune_core.ports import Clock


class EventOutbox:
    """The feeds whose events may be sent: of each sensor the oldest run that is not done with."""

    def __init__(self, feeds: Callable[[], Sequence[Feed]], clock: Clock) -> None:
        """Take who knows the feeds."""
        self._feeds = feeds
        self._clock = clock
        self._taken: list[Feed] = []
        self._turn = 0
        #: Whether the controller of this session takes events.
        self.open = False
        #: Nothing is sent before this time: the controller had no room.
        self.not_before = 0.0

    def begin(self, *, takes: bool) -> None:
        """A session begins: what was on its way is to be sent again, if the controller takes events."""
        self._taken.clear()
        self.open = takes
        for feed in self._feeds():
            feed.sent = 0

    @property
    def due(self) -> bool:
        """Whether there is something to send now."""
        return self._may_send and any(feed.sent < len(feed.pending) for feed in self._feeds())

    @property
    def _may_send(self) -> bool:
        return self.open and self._clock.monotonic() >= self.not_before

    def take(self, *, count: int, size: int) -> Sequence[bytes]:
        """See `posting.EventSource`."""
        taken: list[bytes] = []
        feeds = list(self._feeds()) if self._may_send else []
        if not feeds:
            return taken
        self._turn += 1
        at = self._turn % len(feeds)
        waiting = [feed for feed in (*feeds[at:], *feeds[:at]) if feed.sent < len(feed.pending)]
        share = max(1, count // max(1, len(waiting)))
        for feed in waiting:
            for _ in range(min(share, len(feed.pending) - feed.sent)):
                body = feed.pending[feed.sent].body
                size -= len(body)
                if taken and size < 0:
                    return taken
                taken.append(body)
                self._taken.append(feed)
                feed.sent += 1
        return taken

    def answered(self, *, refused: int, again_in: float) -> bool:
        """See `posting.EventSource`."""
        taken, self._taken = self._taken, []
        kept = len(taken) - min(refused, len(taken))
        for feed in taken[:kept]:
            feed.acknowledge()
        for feed in taken[kept:]:
            feed.sent -= 1
        if taken[kept:]:
            self.not_before = self._clock.monotonic() + again_in
        for feed in {id(feed): feed for feed in taken}.values():
            feed.moved()
        return self.due
