"""Placement: which agents get an execution; pure.

Called by `planning` for every execution and again when an agent appears for those that found none (design §5, Placement).
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol


class Candidate(Protocol):
    """What placement asks of an agent in the fleet."""

    @property
    def name(self) -> str:
        """The agent's name."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels, as enrolled."""
        ...

    @property
    def connected(self) -> bool:
        """Whether it has a session now."""
        ...


def matching(fleet: Sequence[Candidate], match: Mapping[str, str]) -> Sequence[Candidate]:
    """Return the agents that carry all these labels, in name order; `name` matches the agent's name itself."""
    return sorted((agent for agent in fleet if _carries(agent, match)), key=lambda agent: agent.name)


def choose(fleet: Sequence[Candidate], match: Mapping[str, str], *, key: str, holder: str | None, load: Mapping[str, int]) -> str | None:
    """Return one agent, or None when no enrolled agent matches.

    With a key (canonical JSON other than `null`) work follows `holder`, the agent that has unsettled work of the key; otherwise
    rendezvous hashing over connected, else enrolled matches. Without a key the least loaded one of these.
    """
    candidates = matching(fleet, match)
    if not candidates:
        return None
    names = [agent.name for agent in candidates]
    if key != "null" and holder in names:
        return holder
    names = [agent.name for agent in candidates if agent.connected] or names
    if key != "null":
        return max(names, key=lambda name: _weight(name, key))
    return min(names, key=lambda name: (load.get(name, 0), name))


def _carries(agent: Candidate, match: Mapping[str, str]) -> bool:
    return all((agent.name if label == "name" else agent.labels.get(label)) == value for label, value in match.items())


def _weight(name: str, key: str) -> bytes:
    """Highest random weight (Thaler and Ravishankar, 1998): an agent that comes or goes moves only its own keys."""
    return hashlib.sha256(f"{name}\0{key}".encode()).digest()
