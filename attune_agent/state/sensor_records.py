"""What the agent remembers of sensors, as frozen values: which are assigned, which runs of them are not done with, what polls returned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from attune_core.wire.sensors import SensorAssignment


@dataclass(frozen=True, kw_only=True, slots=True)
class SensorRun:
    """One process of a sensor, from before the executor is asked for it until all that it printed is done with."""

    run: str
    sensor: str
    fingerprint: str
    #: Which executor is asked.
    state_id: str
    #: Its lines count once it has ended well, all or none.
    poll: bool = False
    #: Before this offset of its stdout everything is done with; `skipping`: it lies within a line that is too long.
    offset: int = 0
    skipping: bool = False
    #: Bytes that it printed; None: it has not ended, as far as is stored.
    length: int | None = None
    #: The pack that it was started out of, which may be another one than that of a later assignment.
    digest: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Poll:
    """What a sensor with `mode: poll` last returned, as canonical JSON (empty: nothing yet), and when that run began, by the wall clock."""

    state: str = ""
    began: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedSensors:
    """All that was there at the start; runs in the order in which they began."""

    assigned: Sequence[SensorAssignment] = ()
    runs: Sequence[SensorRun] = ()
    polls: Mapping[str, Poll] = field(default_factory=dict)
