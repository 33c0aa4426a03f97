"""Agents: what the store is asked of agents and of credentials.

Part of store.port.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attune_controller.store.records.agents import Agent, Departure
from attune_controller.store.records.credentials import ApiToken, JoinToken
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import End
from attune_core.marks import Marks


class Agents(Protocol):
    """Enrolled hosts and permissions to enrol."""

    async def enrol(self, agent: Agent, token_hash: str, now: float, event: NewEvent | None = None) -> None:
        """Spend the token, store the agent, in place of one with its name (whose instance stays known), and accept the event, in one go.

        `JoinTokenRefused` when the token is unknown, spent, expired or for another name.
        """
        ...

    async def agent(self, name: str) -> Agent | None:
        """Return one."""
        ...

    async def agents(self) -> Sequence[Agent]:
        """Return all, by name."""
        ...

    async def greet(self, agent: Agent) -> None:
        """Store what a hello said (instance, boot, version, slots, facts, last seen) and nothing else; `AgentUnknown`."""
        ...

    async def begin_anew(self, agent: Agent, end: End) -> Departure:
        """Store the hello of a new instance of a known agent: nothing that its name was handed is there any more; `AgentUnknown`.

        What was handed over and has not settled ends as `end` says, every queue of this place goes into its next epoch, and the instance
        that was is forgotten. What waits keeps its place.
        """
        ...

    async def forget(self, name: str, end: End, event: NewEvent) -> Departure:
        """Let there be no such agent and no marks of it, and accept the event that tells of it, in one transaction; `AgentUnknown`.

        Its unsettled executions end as `end` says. Those that do not are released: without an agent they wait to be placed, unsequenced
        when the queue was this agent's, at their place in a queue of the fleet. Every queue of this place goes into its next epoch.
        """
        ...

    async def is_forgotten(self, instance: str) -> bool:
        """Tell whether this instance was forgotten, or was followed by another one."""
        ...

    async def seen(self, times: Mapping[str, float]) -> None:
        """Store when agents were last heard of; names without an agent are left out."""
        ...

    async def marks(self) -> Mapping[str, Marks]:
        """Return what operators say of agents; those of which nothing is said are left out."""
        ...

    async def set_marks(self, name: str, marks: Marks, event: NewEvent) -> None:
        """Replace what is said of an agent and accept the event that tells of it, in one transaction; `AgentUnknown`.

        Marks are of the name: they outlive a new enrolment. Nothing is handed to a draining agent from here on.
        """
        ...

    async def add_join_token(self, token: JoinToken) -> None:
        """Store a permission; `TokenExists` when this hash is there."""
        ...

    async def join_token(self, token_hash: str) -> JoinToken | None:
        """Return a permission, spent or not."""
        ...


class Credentials(Protocol):
    """API tokens."""

    async def add_api_token(self, token: ApiToken) -> None:
        """Store one; `TokenExists` when the name or the hash is taken."""
        ...

    async def api_token(self, token_hash: str) -> ApiToken | None:
        """Return the one with this hash."""
        ...

    async def api_tokens(self) -> Sequence[ApiToken]:
        """Return all, by name."""
        ...

    async def remove_api_token(self, name: str) -> bool:
        """Remove; False when there is none."""
        ...
