"""Joining as the command line says it: the agent's own join code on this host; called by `attune agent join`."""

from pathlib import Path

from attune_agent.join import join
from attune_agent.layout import Layout


def join_here(token: str, state: Path, *, force: bool) -> str:
    """Enrol this host and return the sentence for people; errors are the agent's."""
    joined = join(Layout(state=state), token, force=force)
    labels = ", ".join(f"{name}={value}" for name, value in sorted(joined.labels.items())) or "no labels"
    return f"joined {joined.agent_url} as {joined.name} ({labels}); start it: attune-executor run, attune-agent run"
