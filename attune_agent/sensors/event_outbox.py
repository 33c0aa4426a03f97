"""Events on their way to the controller: one POST at a time takes the next ones, in their order for each sensor, in turn for all of them.

Filled through the feeds by `sensor`, emptied by the uplink's `posting`. What a session left unanswered the next one sends again, with the
same ids. A sensor of which the controller takes no more for now waits alone; when the controller has no room, all of them wait.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from attune_agent.sensors.feed import Feed
from attune_core.ports import Clock
from attune_core.wire.session import Stored


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
        #: Sensors that the controller took too many events of, and before which time nothing of them is sent.
        self._paced: dict[str, float] = {}

    def begin(self, *, takes: bool) -> None:
        """A session begins: what was on its way is to be sent again, if the controller takes events."""
        self._taken.clear()
        self._paced.clear()
        self.open = takes
        for feed in self._feeds():
            feed.sent = 0

    @property
    def due(self) -> bool:
        """Whether there is something to send now."""
        return bool(self._waiting())

    def take(self, *, count: int, size: int) -> Sequence[bytes]:
        """See `posting.EventSource`."""
        taken: list[bytes] = []
        waiting = self._waiting()
        if not waiting:
            return taken
        self._turn += 1
        at, share = self._turn % len(waiting), max(1, count // len(waiting))
        for feed in (*waiting[at:], *waiting[:at]):
            for _ in range(min(share, len(feed.pending) - feed.sent)):
                body = feed.pending[feed.sent].body
                size -= len(body)
                if taken and size < 0:
                    return taken
                taken.append(body)
                self._taken.append(feed)
                feed.sent += 1
        return taken

    def answered(self, answer: Stored) -> bool:
        """See `posting.EventSource`."""
        taken, self._taken = self._taken, []
        refused = Counter(feed.run.sensor for feed in taken[max(0, len(taken) - answer.refused_events) :])
        now = self._clock.monotonic()
        if refused:
            self.not_before = now + answer.again_in
        for sensor, slow in answer.too_fast.items():
            refused[sensor] += slow.events
            self._paced[sensor] = now + slow.again_in
        for feed in {feed.run.sensor: feed for feed in taken}.values():
            feed.sent -= min(refused[feed.run.sensor], feed.sent)
            for _ in range(feed.sent):
                feed.acknowledge()
            feed.moved()
        return self.due

    def _waiting(self) -> list[Feed]:
        """Return the feeds that have something to send and may."""
        now = self._clock.monotonic()
        if not self.open or now < self.not_before:
            return []
        self._paced = {sensor: until for sensor, until in self._paced.items() if until > now}
        return [feed for feed in self._feeds() if feed.sent < len(feed.pending) and feed.run.sensor not in self._paced]
