"""Explainer: facts gathered, and what is said of them; the one door for the API's /v1/explain.

Made by the composition root, called by http/resources/explain.
"""

from attune_controller.explaining.agents import agent_facts
from attune_controller.explaining.events import event_facts
from attune_controller.explaining.executions import execution_facts
from attune_controller.explaining.sources import Sources
from attune_controller.store.errors import AgentUnknown
from attune_controller.store.records.events import Event
from attune_controller.store.records.executions import Execution
from attune_core.explanations.agent import explain_agent
from attune_core.explanations.event import explain_event
from attune_core.explanations.execution import explain_execution
from attune_core.wire.explanations import AgentExplanation, EventExplanation, ExecutionExplanation


class Explainer:
    """Says why."""

    def __init__(self, sources: Sources) -> None:
        """Take where facts come from."""
        self._sources = sources

    async def event(self, event: Event) -> EventExplanation:
        """Say what an event caused, or why it caused nothing."""
        return explain_event(await event_facts(self._sources, event))

    async def execution(self, execution: Execution) -> ExecutionExplanation:
        """Say why an execution is where it is."""
        return explain_execution(await execution_facts(self._sources, execution))

    async def agent(self, name: str) -> AgentExplanation:
        """Say why nothing is placed on an agent; `AgentUnknown`."""
        agent = await self._sources.agent(name)
        if agent is None:
            raise AgentUnknown(f"no agent {name[:64]} is enrolled")
        return explain_agent(await agent_facts(self._sources, agent))
