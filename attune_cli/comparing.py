"""Comparing two revisions of a repository by recorded events: what `attune plan` was asked for, and what it shows.

The command fills it; the writers in attune_cli.render print it.
"""

from dataclasses import dataclass

from attune_core.effects.effect import Kind
from attune_core.effects.forecast import Forecast

#: What `--fail-on` takes, besides the kinds of effects.
ANY, UNDELIVERABLE = "any", "undeliverable"
FAIL_ON = (ANY, *(kind.value for kind in Kind), UNDELIVERABLE)


@dataclass(frozen=True, kw_only=True)
class RevisionName:
    """A revision as it was named, and its commit; None for the files as they are."""

    named: str | None
    commit: str | None

    def text(self) -> str:
        """Return both, the commit short."""
        if self.named is None or self.commit is None:
            return "the files as they are"
        return self.named if self.commit.startswith(self.named) else f"{self.named} ({self.commit[:12]})"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two revisions, the events, and what differs."""

    base: RevisionName
    head: RevisionName
    source: str
    forecast: Forecast

    def fails(self, words: tuple[str, ...]) -> bool:
        """Tell whether something came that `--fail-on` names."""
        totals = self.forecast.totals()
        came = {kind.value: count > 0 for kind, count in totals.items()}
        came |= {ANY: self.forecast.differs(), UNDELIVERABLE: self.forecast.turned(deliverable=False) > 0}
        return any(came[word] for word in words)
