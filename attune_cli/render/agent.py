"""An agent for people: what operators and its host say of it; used by the commands that show agents."""

from collections import Counter
from collections.abc import Sequence

from attune_core.wire.api import AgentView, ForgottenView, MarkView


def marks_of(agent: AgentView) -> Sequence[str]:
    """Return what is said of it, each with its note, who and since when; nothing for one that works as usual."""
    host = [f"paused by the host: {agent.host_pause}"] if agent.host_pause else []
    return [*map(_mark, agent.marks), *host]


def _mark(mark: MarkView) -> str:
    # What an agent has not confirmed does not hold yet, for all that is known here.
    kind = mark.kind if mark.applied else "pausing"
    return f"{kind}{': ' + mark.note if mark.note else ''} by {mark.by} since {mark.since[:19]}Z"


def agent_lines(agent: AgentView) -> Sequence[str]:
    """Return an agent's state after a command, one sentence a line."""
    marks = marks_of(agent)
    lines = [f"{agent.name} ({agent.state}): {mark}" for mark in marks] or [f"{agent.name} ({agent.state}): works as usual"]
    if any(not mark.applied for mark in agent.marks):
        lines.append(f"{agent.name} has not confirmed it; until it does, it goes on with what it has")
    return lines


def sensors_of(agent: AgentView) -> str:
    """Return how many of its sensors are how, the most first."""
    return ", ".join(f"{count} {state}" for state, count in Counter(sorted(agent.sensors.values())).most_common())


def forgotten_line(gone: ForgottenView) -> str:
    """Return what became of a forgotten agent's work."""
    return f"{gone.name} is forgotten: {gone.ended} lost or rejected, {gone.released} to be placed again"


def drain_line(agent: AgentView) -> str:
    """Return how far a drain has come."""
    drained = any(mark.kind == "drained" for mark in agent.marks)
    line = f"{agent.name} is drained" if drained else f"{agent.name}: {agent.in_hand} in hand"
    if agent.waiting:
        line += f"; {agent.waiting} not handed over, they wait for: attune agent uncordon {agent.name}"
    if agent.in_hand and agent.state != "connected":
        line += "; it is unreachable, and what it reports comes when it is back"
    paused = agent.host_pause or any(mark.kind == "paused" for mark in agent.marks)
    if agent.in_hand and paused:
        line += "; it is paused, so what has not started stays in hand"
    return line
