"""Contact: since when the controller was not heard; it decides whether anything new may start without it.

Told by the uplink, asked by the lanes. design §5, Away: the agent goes on with what it acknowledged, up to `offline_limit`.
"""

from attune_core.ports import Clock

#: Seconds of boot time without the controller after which nothing new starts.
OFFLINE_LIMIT = 24 * 3600.0


class Contact:
    """What the agent knows of its controller's presence."""

    def __init__(self, clock: Clock, *, offline_limit: float = OFFLINE_LIMIT) -> None:
        """Begin as if the controller had just been heard."""
        self._clock = clock
        self._offline_limit = offline_limit
        self._heard_at = clock.monotonic()
        #: In a session now.
        self.connected = False

    def opened(self) -> None:
        """A session began."""
        self.connected = True
        self.heard()

    def heard(self) -> None:
        """Something came from the controller."""
        self._heard_at = self._clock.monotonic()

    def ended(self) -> None:
        """The session is over."""
        self.connected = False

    def closed(self) -> str:
        """Return why nothing new may start, "" when it may."""
        if not self.connected and self._clock.monotonic() - self._heard_at > self._offline_limit:
            return f"the controller was not heard for {self._offline_limit / 3600:g} h"
        return ""
