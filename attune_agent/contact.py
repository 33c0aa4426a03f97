"""Contact: since when the controller was not heard; it decides whether anything new may start without it.

Told by the uplink, asked by the lanes. design §5, Away: the agent goes on with what it acknowledged, up to `offline_limit`.
"""

import structlog

from attune_core.ports import Clock
from attune_core.quantities import show_duration

_log = structlog.get_logger(__name__)

#: Seconds of boot time without the controller after which nothing new starts, unless agent.yaml says otherwise.
OFFLINE_LIMIT = 24 * 3600.0


class Contact:
    """What the agent knows of its controller's presence."""

    def __init__(self, clock: Clock, *, offline_limit: float = OFFLINE_LIMIT, silence: float = 0.0) -> None:
        """Begin with the controller not heard for `silence` seconds."""
        self._clock = clock
        self._offline_limit = offline_limit
        self._heard_at = clock.monotonic() - silence
        self._said = False
        #: In a session now.
        self.connected = False
        #: The controller has given this agent up.
        self.forgotten = False

    def opened(self) -> None:
        """A session began."""
        self.connected, self.forgotten = True, False
        self.heard()

    def heard(self) -> None:
        """Something came from the controller."""
        self._heard_at = self._clock.monotonic()

    def ended(self) -> None:
        """The session is over."""
        self.connected = False

    @property
    def silent(self) -> float:
        """Seconds for which nothing was heard."""
        return self._clock.monotonic() - self._heard_at

    def closed(self) -> str:
        """Return why nothing new may start, "" when it may."""
        if self.forgotten:
            return "the controller has given this agent up"
        if not self.connected and self.silent > self._offline_limit:
            reason = f"the controller was not heard for {show_duration(self._offline_limit)} (offline_limit)"
            if not self._said:
                _log.warning("nothing new is started", reason=reason)
            self._said = True
            return reason
        self._said = False
        return ""
