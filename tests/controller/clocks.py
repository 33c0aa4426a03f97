"""A clock that stands until a test moves it, for everything that has a time in it and does not wait."""

from attune_core.ports import SystemClock


class StandingClock(SystemClock):
    """Begins at the machine's time."""

    def __init__(self, offset: float = 0.0) -> None:
        self.time = SystemClock().now() + offset

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time
