"""The model: what is known of the controller, and how a new overview, a change or a lost connection alters it; pure.

Called by the app with whatever the feed brings; the views draw what comes out. Nothing here knows the clock: `now` is given.
"""

from dataclasses import dataclass, replace

from attune_cli.dashboard.feed import Brought
from attune_core.errors import AttuneError
from attune_core.states import Outcome, State
from attune_core.wire.api import AgentView, ExecutionView
from attune_core.wire.overview import OverviewView

#: As many recent failures as an overview has.
FAILURES = 20


@dataclass(frozen=True, kw_only=True)
class Lost:
    """There is no connection: since when, why, and what helps."""

    since: float
    cause: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All that the dashboard knows; `read_at` is when the overview was read, by the clock here."""

    url: str
    readonly: bool = False
    overview: OverviewView | None = None
    read_at: float = 0.0
    lost: Lost | None = None
    #: What was said last of something that was ordered, and whether it went well.
    notice: str = ""
    notice_good: bool = True
    notice_until: float = 0.0

    @property
    def stale(self) -> bool:
        """Tell whether what is shown may be old."""
        return self.lost is not None


def seen(picture: Picture, overview: OverviewView, now: float) -> Picture:
    """Return the picture with a new overview: whoever answers is there."""
    return replace(picture, overview=overview, read_at=now, lost=None)


def lost(picture: Picture, error: AttuneError, now: float) -> Picture:
    """Return the picture without a connection; what was known stays, and the time since when stays the first."""
    since = picture.lost.since if picture.lost else now
    return replace(picture, lost=Lost(since=since, cause=error.message, remedy=error.hint))


def told(picture: Picture, notice: str, now: float, *, good: bool) -> Picture:
    """Return the picture with a notice, which fades."""
    return replace(picture, notice=notice, notice_good=good, notice_until=now + (6 if good else 20))


def moved(picture: Picture, execution: ExecutionView) -> Picture:
    """Return the picture after an execution changed; one that ended badly is among the failures at once."""
    overview = picture.overview
    if overview is None or execution.state is not State.SETTLED or execution.outcome is Outcome.SUCCEEDED:
        return picture
    others = [one for one in overview.failures if one.id != execution.id]
    return replace(picture, overview=overview.model_copy(update={"failures": [execution, *others][:FAILURES]}))


def turned(picture: Picture, agent: AgentView) -> Picture:
    """Return the picture after an agent changed."""
    overview = picture.overview
    if overview is None:
        return picture
    agents = [agent if one.name == agent.name else one for one in overview.agents]
    return replace(picture, overview=overview.model_copy(update={"agents": agents}))


def folded(picture: Picture, brought: Brought, now: float) -> Picture:
    """Return the picture after what the feed brought."""
    return picture
