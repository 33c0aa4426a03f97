"""Watch: the agent's numbers at one moment, and why it cannot work, for /metrics and /ready.

Made by `app` where agent.yaml has `metrics`; asked by the metrics listener. What the parts know anyway is read when somebody asks.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

from attune_agent.contact import Contact
from attune_agent.outbox import Outbox
from attune_core.metrics.family import Family, Queue, gauge, queue_families
from attune_core.version import VERSION
from attune_core.wire.agent_frames import Status
from attune_core.wire.sensors import SensorState


@dataclass(frozen=True, kw_only=True)
class Watch:
    """The agent, seen from outside. `executor`: whether there is a connection to it."""

    status: Callable[[], Status]
    contact: Contact
    outbox: Outbox
    executor: Callable[[], bool]
    offline_limit: float

    def not_ready(self) -> Sequence[str]:
        """Return why nothing new starts here, or nothing new comes."""
        found = [] if self.contact.connected else ["no session with the controller"]
        if not self.executor():
            found.append("no connection to the executor")
        if reason := self.contact.closed():
            found.append(reason)
        return found

    async def families(self) -> Sequence[Family]:
        """Return everything."""
        status = self.status()
        held = status.paused or bool(status.host_pause)
        return [
            Family(name="info", help="Which program this is.", labels=("program", "version"), samples=[(("agent", VERSION), 1)]),
            gauge("ready", "Whether /ready says yes.", not self.not_ready()),
            gauge("controller_connected", "Whether there is a session with the controller.", self.contact.connected),
            gauge("controller_silent_seconds", "For how long nothing was heard of the controller.", self.contact.silent),
            gauge("offline_limit_seconds", "After how long without the controller nothing new starts.", self.offline_limit),
            gauge("executor_connected", "Whether there is a connection to the executor.", self.executor()),
            gauge("paused", "Whether operators or the host let nothing new start.", held),
            gauge("executions_in_hand", "Executions that this agent has and that have not ended.", status.in_hand),
            gauge("reports_waiting", "Reports that the controller has not acknowledged.", len(self.outbox)),
            gauge("free_bytes", "Free space where the agent's state is.", status.free_bytes),
            *_of_sensors(status),
            *queue_families([Queue(name="slots", depth=status.busy, bound=status.slots)]),
        ]


def _of_sensors(status: Status) -> Sequence[Family]:
    found = Counter[str](one.state for one in status.sensors)
    counted = {
        "sensor_events": ("Lines of sensors that became events, since they were assigned.", [one.events for one in status.sensors]),
        "sensor_errors": ("What was wrong with sensors, since they were assigned.", [one.errors for one in status.sensors]),
        "sensor_restarts": ("Restarts of sensors, since they were assigned.", [one.restarts for one in status.sensors]),
    }
    refs = [one.sensor for one in status.sensors]
    return [
        Family(
            name="sensors", help="Sensors by state.", labels=("state",), samples=[((word,), found[word]) for word in get_args(SensorState)]
        ),
        *(
            Family(name=name, help=text, labels=("sensor",), samples=[((ref,), n) for ref, n in zip(refs, values, strict=True)])
            for name, (text, values) in counted.items()
        ),
    ]
