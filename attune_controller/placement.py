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

    @property
    def cordoned(self) -> bool:
        """Whether operators want no new placements on it."""
        ...


def matching(fleet: Sequence[Candidate], match: Mapping[str, str]) -> Sequence[Candidate]:
    """Return the agents that carry all these labels, in name order; `name` matches the agent's name itself."""
    return sorted((agent for agent in fleet if _carries(agent, match)), key=lambda agent: agent.name)


def described(match: Mapping[str, str]) -> str:
    """Return how agents that are asked for are spoken of: ` with role=web`, or nothing where every agent serves."""
    return f" with {', '.join(f'{name}={value}' for name, value in sorted(match.items()))}" if match else ""


def choose(fleet: Sequence[Candidate], match: Mapping[str, str], *, key: str, holder: str | None, load: Mapping[str, int]) -> str | None:
    """Return one agent, or None when no enrolled agent matches that is not cordoned.

    With a key (canonical JSON other than `null`) work follows `holder`, the agent that has unsettled work of the key, and waits (None) for
    that work to end when this one is cordoned: elsewhere it could pass it. Otherwise rendezvous hashing over connected, else enrolled
    matches. Without a key the least loaded one of these.
    """
    named = {agent.name: agent for agent in matching(fleet, match)}
    if key != "null" and holder is not None and holder in named:
        return None if named[holder].cordoned else holder
    candidates = [agent for agent in named.values() if not agent.cordoned]
    if not candidates:
        return None
    names = [agent.name for agent in candidates if agent.connected] or [agent.name for agent in candidates]
    if key != "null":
        return max(names, key=lambda name: _weight(name, key))
    return min(names, key=lambda name: (load.get(name, 0), name))


def differ(fleet: Sequence[Candidate], other: Sequence[Candidate]) -> bool:
    """Tell whether placement may choose otherwise in one fleet than in the other."""
    return fleet is not other and [_place(agent) for agent in fleet] != [_place(agent) for agent in other]


def _place(agent: Candidate) -> tuple[str, Mapping[str, str], bool, bool]:
    return agent.name, agent.labels, agent.connected, agent.cordoned


def _carries(agent: Candidate, match: Mapping[str, str]) -> bool:
    return all((agent.name if label == "name" else agent.labels.get(label)) == value for label, value in match.items())


def _weight(name: str, key: str) -> bytes:
    """Highest random weight (Thaler and Ravishankar, 1998): an agent that comes or goes moves only its own keys."""
    return hashlib.sha256(f"{name}\0{key}".encode()).digest()
