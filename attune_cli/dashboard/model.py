"""The model: what is known of the controller, and how a new overview, a change or a lost connection alters it; pure.

Called by the app with whatever the feed brings; the views draw what comes out. Nothing here knows the clock: `now` is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from attune_cli.dashboard.feed import Brought
from attune_core.errors import AttuneError
from attune_core.states import Outcome, State
from attune_core.wire.api import AgentView, ExecutionView
from attune_core.wire.changes import AgentChange, ExecutionChange
from attune_core.wire.overview import OverviewView

#: As many recent failures as an overview has.
FAILURES = 20
FAILED = frozenset({Outcome.FAILED, Outcome.TIMED_OUT, Outcome.LOST, Outcome.REJECTED})


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


def folded(picture: Picture, brought: Brought) -> Picture:
    """Return the picture after what the feed brought; the next reading of the overview says the same, and everything else."""
    overview = picture.overview
    if overview is None or not (brought.executions or brought.agents or brought.events):
        return picture
    ended = [one for one in brought.executions.values() if one.state is State.SETTLED]
    news: dict[str, object] = {
        "events": _counted(overview.events, brought.events),
        "outcomes": {word: _counted(series, sum(one.outcome == word for one in ended)) for word, series in overview.outcomes.items()},
        "failures": _failures(overview.failures, [one for one in ended if one.outcome in FAILED]),
        "agents": [_turned(one, brought.agents.get(one.name)) for one in overview.agents],
    }
    return replace(picture, overview=overview.model_copy(update=news))


def moved(execution: ExecutionView, change: ExecutionChange) -> ExecutionView:
    """Return an execution after a change."""
    news: dict[str, object] = {
        "state": change.state,
        "agent": change.agent,
        "attempt": change.attempt,
        "outcome": change.outcome,
        "reason": change.reason,
        "exit_code": change.exit_code,
        "started_at": execution.started_at or (change.at if change.state is State.STARTED else ""),
        "settled_at": execution.settled_at or (change.at if change.state is State.SETTLED else ""),
    }
    return execution.model_copy(update=news)


def _counted(series: list[int], more: int) -> list[int]:
    return [*series[:-1], series[-1] + more] if series and more else series


def _failures(known: list[ExecutionView], changes: Sequence[ExecutionChange]) -> list[ExecutionView]:
    new = [_as_failure(one) for one in reversed(changes)]
    ids = {one.id for one in new}
    return [*new, *(one for one in known if one.id not in ids)][:FAILURES] if new else known


def _as_failure(change: ExecutionChange) -> ExecutionView:
    """Return what is known of an execution that ended just now; the rest is read soon."""
    return ExecutionView(
        **change.model_dump(exclude={"kind", "at"}), epoch=0, sequence=0, revision="", accepted_at=change.at, settled_at=change.at
    )


def _turned(agent: AgentView, change: AgentChange | None) -> AgentView:
    return agent if change is None else agent.model_copy(update={"state": change.state, "host_pause": change.host_pause})
