"""Placing: placement over one batch of planned events, in which what was just placed counts at once; pure.

Made by `planning` from what the store and the fleet say at the batch's beginning; each choice is `placement`'s.
"""

from collections.abc import Mapping, Sequence

from attune_controller.placement import Candidate, choose, described, matching
from attune_core.rules.firing import Fired


class Placing:
    """Placement over one batch: what was just placed counts at once."""

    def __init__(
        self, fleet: Sequence[Candidate], holders: dict[tuple[str, str], str], load: dict[str, int], held: set[tuple[str, str]]
    ) -> None:
        """Take who is there; `held`: the (action, key) of which something waits for a cordoned holder, so that what is newer waits too."""
        self._fleet, self._holders, self._load, self._held = fleet, holders, load, held
        self._cordons = any(agent.cordoned for agent in fleet)

    def agents(self, item: Fired) -> Sequence[str]:
        """Return one agent a planned execution, an empty name where it has to wait for one."""
        if item.pick == "all":
            return [agent.name for agent in matching(self._fleet, item.filled.match) if not agent.cordoned] or [""]
        fleet = item.action.document.concurrency.scope == "fleet"
        return [self.choose(item.action.ref, item.filled.key, item.filled.match, fleet=fleet) or ""]

    def choose(self, action: str, key: str, match: Mapping[str, str], *, fleet: bool) -> str | None:
        """Return an agent and remember it as loaded and, with a key, as its holder.

        Work of a queue of the fleet need not follow its key: that queue keeps its order wherever its work runs.
        """
        if fleet:
            key = "null"
        if (action, key) in self._held:
            return None
        holder = self._holders.get((action, key))
        agent = choose(self._fleet, match, key=key, holder=holder, load=self._load)
        if agent is not None:
            self._load[agent] = self._load.get(agent, 0) + 1
            if key != "null":
                self._holders[action, key] = agent
        elif holder in self._cordoned(match):
            self._held.add((action, key))
        return agent

    def hindrance(self, action: str, key: str, match: Mapping[str, str]) -> str:
        """Say why `choose` found no agent."""
        if (action, key) in self._held:
            return f"earlier work of its key is not settled on {self._holders.get((action, key), 'an agent')}, which is cordoned"
        if cordoned := self._cordoned(match):
            return f"every agent{described(match)} is cordoned: {', '.join(cordoned)}"
        return f"there is no agent{described(match)}"

    def note(self, item: Fired, agents: Sequence[str]) -> str:
        """Say what cordons changed for a firing, "" when nothing."""
        if not (cordoned := self._cordoned(item.filled.match)):
            return ""
        if "" in agents:
            return f"{item.rule or item.action.ref}: waits: {self.hindrance(item.action.ref, item.filled.key, item.filled.match)}"
        return f"{item.rule or item.action.ref}: left out, because cordoned: {', '.join(cordoned)}" if item.pick == "all" else ""

    def _cordoned(self, match: Mapping[str, str]) -> Sequence[str]:
        return [agent.name for agent in matching(self._fleet, match) if agent.cordoned] if self._cordons else []
