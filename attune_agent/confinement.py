"""What the host lets an action be and have: its user, its limits, its time, its sandbox; from agent.yaml and the action's document. Pure.

`preparation` asks for every attempt; what the executor enforces by itself (grants, memory, processes) it is told by flags of its own.
"""

from dataclasses import dataclass
from pathlib import Path

from attune_agent.errors import PolicyDenied, UserDenied
from attune_agent.host import ProcessLimits, Sandbox
from attune_agent.host_settings import HostSettings
from attune_core.models.action import ActionDocument
from attune_core.models.sensor import SensorDocument


@dataclass(frozen=True)
class Confinement:
    """The host's settings as they bear on one attempt."""

    settings: HostSettings
    #: Folders of the agent that no sandbox shows.
    hidden: tuple[Path, ...]
    #: Where environments are; a sandbox shows the one that the action has.
    environments: Path

    def check_action(self, action: str) -> None:
        """Refuse an action that this host does not run at all: `PolicyDenied`."""
        if not self.settings.allows(action):
            raise PolicyDenied(f"this host does not run {action}")

    def user(self, action: str, document: ActionDocument) -> str | None:
        """Return the user that the action is to run as, None for one of its own; `UserDenied` where it was not granted."""
        user = document.user
        if user is not None and not self.settings.grants(user, action):
            raise UserDenied(f"this host does not let {action} run as {user}")
        return user

    def check_sensor(self, sensor: str) -> None:
        """Refuse a sensor that this host does not run at all: `PolicyDenied`."""
        if not self.settings.allows_sensor(sensor):
            raise PolicyDenied(f"this host does not run {sensor}")

    def user_of_sensor(self, sensor: str, document: SensorDocument) -> str | None:
        """Return the user that the sensor is to run as, None for one of its own; `UserDenied` where it was not granted."""
        user = document.user
        if user is not None and not self.settings.grants_sensor(user, sensor):
            raise UserDenied(f"this host does not let {sensor} run as {user}")
        return user

    def timeout(self, asked: float) -> float:
        """Return the time that an attempt has: the action's own, bounded by the host's."""
        return min(asked, self.settings.limits.time or asked)

    def limits(self, document: ActionDocument | SensorDocument) -> ProcessLimits:
        """Return what the document asks to be bounded to; the executor bounds it by the host's own."""
        return ProcessLimits(memory=document.limits.memory, processes=document.limits.processes)

    def sandbox(self, document: ActionDocument | SensorDocument, pack: Path, environment: str | None) -> Sandbox | None:
        """Return the sandbox that the document or the host wants, in which its pack and its environment are seen."""
        if "strict" not in (document.sandbox, self.settings.sandbox):
            return None
        shown = (pack, *([self.environments / environment] if environment is not None else []))
        return Sandbox(network=document.network, hide=tuple(map(str, self.hidden)), show=tuple(map(str, shown)))
