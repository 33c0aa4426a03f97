"""Seats: which agents the controller lets run which sensors, as the store keeps it.

Written by sensing, which decides; what becomes of it on an agent is said in its status and not stored.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A sensor on an agent. One that is left stays known while it is declared, and until the agent has sent all that was printed there."""

    sensor: str
    agent: str
    #: What it may send, as it was last told to run there.
    emits: frozenset[str]
    #: Wall clock, seconds.
    since: float
    #: It is to run there, or it may still run there because the agent has not said that it ended.
    held: bool = True
    #: It is not to run there any more.
    leaving: bool = False
    #: After so many seconds away the agent has ended it by itself, as it was last told; 0: it does not.
    failover: float = 0.0
    #: Since when it fails, if `core.sensor_failing` was said and `core.sensor_recovered` not yet; else 0.
    failing_since: float = 0.0
