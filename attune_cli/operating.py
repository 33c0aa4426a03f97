"""Operating: waits for what operators ask of an agent to be so; called by the `attune agent` commands."""

import sys
import threading
import time
from collections.abc import Callable

import typer

from attune_cli.client import Client
from attune_cli.errors import DrainEnded, NotConfirmed
from attune_core.wire.api import AgentView

#: Seconds between two looks, and at most for an agent to confirm what it was told.
_INTERVAL, _CONFIRMATION = 0.2, 10.0
_NEVER = threading.Event()


def confirmed(client: Client, agent: AgentView) -> AgentView:
    """Return the agent as soon as it says that it follows, or as it is after a moment; one that is away is not waited for."""
    until = time.monotonic() + _CONFIRMATION
    while agent.state == "connected" and not all(mark.applied for mark in agent.marks) and time.monotonic() < until:
        _NEVER.wait(_INTERVAL)
        agent = client.get(f"/v1/agents/{agent.name}", AgentView)
    return agent


def drained(client: Client, agent: AgentView, tell: Callable[[AgentView], None]) -> AgentView:
    """Wait until the agent has nothing in hand, and tell of each change; `DrainEnded` when somebody ends the drain before."""
    last: AgentView | None = None
    while True:
        kinds = {mark.kind for mark in agent.marks}
        if "drained" in kinds:
            return agent
        if "draining" not in kinds:
            raise DrainEnded(f"{agent.name} does not drain any more: {agent.in_hand} in hand")
        if agent.in_hand and (last is None or _shown(agent) != _shown(last)):
            tell(agent)
            last = agent
        _NEVER.wait(_INTERVAL)
        agent = client.get(f"/v1/agents/{agent.name}", AgentView)


def confirm_forgetting(agent: AgentView) -> None:
    """Ask whether an agent is to be forgotten, with what that costs; `NotConfirmed` without a yes, or a terminal to say it on."""
    rest = f", and {agent.waiting} not handed over placed again, or rejected where only this agent would do" if agent.waiting else ""
    question = f"{agent.name} is {agent.state}; {agent.in_hand} in hand will be lost{rest}. Forget it?"
    if not sys.stdin.isatty() or not typer.confirm(question, err=True):
        raise NotConfirmed(f"{agent.name} is as it was")


def _shown(agent: AgentView) -> tuple[int, int, str, int, str]:
    return agent.in_hand, agent.waiting, agent.state, len(agent.marks), agent.host_pause
