"""Placing: placement over one batch of planned events, in which what was just placed counts at once; pure.

Made by `planning` from what the store and the fleet say at the batch's beginning; each choice is `placement`'s.
"""

from collections.abc import Mapping, Sequence

from attune_controller.placement import Candidate, choose, matching
from attune_core.rules.firing import Fired


class Placing:
    """Placement over one batch: what was just placed counts at once."""

    def __init__(self, fleet: Sequence[Candidate], holders: dict[tuple[str, str], str], load: dict[str, int]) -> None:
        self._fleet, self._holders, self._load = fleet, holders, load

    def agents(self, item: Fired) -> Sequence[str]:
        """Return one agent a planned execution, an empty name where it has to wait for one."""
        if item.pick == "all":
            return [agent.name for agent in matching(self._fleet, item.filled.match)] or [""]
        return [self.choose(item.action.ref, item.filled.key, item.filled.match) or ""]

    def choose(self, action: str, key: str, match: Mapping[str, str]) -> str | None:
        """Return an agent and remember it as loaded and, with a key, as its holder."""
        agent = choose(self._fleet, match, key=key, holder=self._holders.get((action, key)), load=self._load)
        if agent is not None:
            self._load[agent] = self._load.get(agent, 0) + 1
            if key != "null":
                self._holders[action, key] = agent
        return agent
