"""The policies that hold now: those of the active revision, and for an action it does not have, those the execution was assigned with.

Set by the inbox (activate frames, welcome), read by lanes (limit, rate, when_busy, start_within) and attempts (timeout, grace, retry).
"""

from collections.abc import Mapping

from attune_agent.state.records import Item
from attune_core.wire.assignment import Policy, Rate


class Policies:
    """By action; replaced as a whole, because a revision goes live whole."""

    def __init__(self, revision: str, policies: Mapping[str, Policy]) -> None:
        """Start with what is stored."""
        self.revision = revision
        self._policies = dict(policies)

    def replace(self, revision: str, policies: Mapping[str, Policy]) -> bool:
        """Take a revision's policies; False when nothing differs."""
        if revision == self.revision and policies == self._policies:
            return False
        self.revision, self._policies = revision, dict(policies)
        return True

    def rate(self, action: str) -> Rate | None:
        """Return the active revision's rate of an action, None for none."""
        policy = self._policies.get(action)
        return policy.rate if policy is not None else None

    def of(self, item: Item) -> Policy:
        """Return what holds for an execution."""
        return self._policies.get(item.queue.action, item.policy)
