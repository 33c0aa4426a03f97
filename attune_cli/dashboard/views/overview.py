"""The overview: how much happens, how it ends, what waits, who works, what is live and what failed, on one screen.

Called by the overview's screen. Panels stand below each other, or beside where that shows more; each says how many rows it
leaves out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from attune_cli.dashboard.places import Thing
from attune_cli.dashboard.spans import Column, Line, Span, Tone, beside, chosen, filled, fitted, heading, line, row, width_of
from attune_cli.dashboard.views.rows import AGENTS, EXECUTIONS, QUEUES, Row, cells_of, thing_of
from attune_cli.dashboard.words import age, bar, count, rate, sparkline, state
from attune_core.states import Outcome
from attune_core.wire.api import SyncView
from attune_core.wire.overview import STEP, OverviewView

#: From this width on, what failed may stand beside what waits.
WIDE = 150
_LABEL, _NUMBER, _BETWEEN = 14, 9, 3


@dataclass(frozen=True, kw_only=True)
class _Panel:
    """One table of the overview; its title stands over its first column."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    more: int
    empty: str

    @property
    def wanted(self) -> int:
        """How many lines it would take."""
        return 1 + max(len(self.rows) + (self.more > 0), 1)

    def lines(self, width: int, height: int, now: float, at: Thing | None) -> list[Line]:
        """Return the title, and as many rows as there is room for."""
        found = [(Span(" "), *self._title(width - 2), Span(" "))]
        shown = self._shown(height)
        for one in shown:
            content = (Span(" "), *row(self.columns, cells_of(one, now), width - 2), Span(" "))
            found.append(chosen(content, width) if thing_of(one) == at else content)
        hidden = len(self.rows) - len(shown) + self.more
        if not self.rows or hidden:
            found.append(filled(line(f"   {f'… {hidden:,} more' if hidden else self.empty}", Tone.QUIET), width))
        return found[:height]

    def things(self, height: int) -> list[Thing]:
        """Return what can be chosen in so many lines."""
        return [thing_of(one) for one in self._shown(height)]

    def _shown(self, height: int) -> Sequence[Row]:
        room = height - 1
        return self.rows if len(self.rows) <= room and not self.more else self.rows[: max(room - 1, 0)]

    def _title(self, width: int) -> Line:
        first, *others = heading(self.columns, width)
        return (fitted(Span(self.title, Tone.STRONG), width_of((first,)), right=self.columns[0].right), *others)


def overview_lines(overview: OverviewView, width: int, height: int, now: float, at: Thing | None) -> list[Line]:
    """Return the body."""
    top = figures(overview, width, now)
    left, right = _blocks(overview, width, height - len(top) - 1)
    wide = (width - _BETWEEN) // 2 if right else width
    first = _stacked([panel.lines(wide, room, now, at) for panel, room in left], height - len(top) - 1)
    if not right:
        return [*top, (), *first]
    second = _stacked([panel.lines(width - wide - _BETWEEN, room, now, at) for panel, room in right], height - len(top) - 1)
    return [*top, (), *beside(first, second, wide, gap=_BETWEEN)]


def overview_things(overview: OverviewView, width: int, height: int, now: float) -> list[Thing]:
    """Return what can be chosen on that screen, from the top to the bottom."""
    top = figures(overview, width, now)
    return [thing for side in _blocks(overview, width, height - len(top) - 1) for panel, room in side for thing in panel.things(room)]


def figures(overview: OverviewView, width: int, now: float) -> list[Line]:
    """Return what happens, as numbers, sparklines and bars, and what is live."""
    waiting = f"{count(overview.events_waiting)} to be planned" if overview.events_waiting else ""
    dead = f"{count(overview.dead_letters)} dead letter{'' if overview.dead_letters == 1 else 's'}" if overview.dead_letters else ""
    ended = [sum(step) for step in zip(*overview.outcomes.values(), strict=False)]
    under_way = f"{count(overview.unsettled)} not settled, {count(overview.running)} running"
    lines = [
        *(line(f" ALARM {alarm}", Tone.ALARM) for alarm in overview.alarms[:2]),
        _figure("events", rate(overview.events_per_second), overview.events, width, ", ".join(filter(None, [waiting, dead]))),
        _figure("executions", rate(sum(ended[-7:-1]) / (6 * STEP)), ended, width, under_way),
        *_outcomes(overview, width),
        *_sync(overview.sync, now, width),
    ]
    return [filled(one, width) for one in lines]


def _figure(label: str, number: str, series: Sequence[int], width: int, rest: str) -> Line:
    spark = _spark(width)
    return (
        Span(f" {label:<{_LABEL}}", Tone.STRONG),
        fitted(Span(number), _NUMBER, right=True),
        Span(f"  {sparkline(series[:-1], spark)}  ", Tone.BUSY),
        Span(rest[: max(width - spark - _LABEL - _NUMBER - 6, 0)], Tone.QUIET),
    )


def _outcomes(overview: OverviewView, width: int) -> list[Line]:
    spark = _spark(width)
    sums = {outcome.value: sum(overview.outcomes.get(outcome.value, [])) for outcome in Outcome}
    total = sum(sums.values())
    shown = [word for word, number in sums.items() if number or word in ("succeeded", "failed")]
    room = min(width - spark - _LABEL - _NUMBER - 6, 40)
    return [
        (
            Span("   "),
            fitted(state(word), _LABEL - 2),
            fitted(Span(count(sums[word])), _NUMBER, right=True),
            Span(f"  {sparkline(overview.outcomes.get(word, [])[:-1], spark)}  ", state(word).tone),
            Span(bar(sums[word] / total if total else 0.0, room), state(word).tone),
        )
        for word in shown
    ]


def _sync(sync: SyncView, now: float, width: int) -> list[Line]:
    live = f"{sync.active_revision[:12]} for {age(sync.activated_at, now)}" if sync.active_revision else "nothing yet"
    word = Span(f"✓ {live}", Tone.GOOD) if sync.active_revision else Span(f"○ {live}", Tone.ODD)
    place = f"   {sync.branch} of {sync.repository}"
    lines: list[Line] = [(Span(f" {'revision':<{_LABEL}}", Tone.STRONG), word, Span(place, Tone.QUIET))]
    if sync.step:
        text = f"✗ {sync.observed_revision[:12]} refused at {sync.step}: {sync.code} {sync.message}"
        lines.append((Span(f" {'':<{_LABEL}}"), fitted(Span(text, Tone.BAD), width - _LABEL - 2)))
    return lines


def _spark(width: int) -> int:
    return 60 if width >= 116 else 24


_Panels: TypeAlias = list[tuple[_Panel, int]]


def _blocks(overview: OverviewView, width: int, height: int) -> tuple[_Panels, _Panels]:
    """Return the panels of both sides, each with its room."""
    queues = _Panel(
        title="queues",
        columns=QUEUES,
        rows=overview.queues,
        more=overview.more_queues,
        empty="nothing waits and nothing runs",
    )
    agents = _Panel(
        title="agents",
        columns=AGENTS,
        rows=overview.agents,
        more=overview.more_agents,
        empty="none has joined: attune agent join",
    )
    failures = _Panel(
        title="failures",
        columns=EXECUTIONS,
        rows=overview.failures,
        more=0,
        empty="none",
    )
    wanted = [panel.wanted for panel in (queues, agents, failures)]
    if width >= WIDE and sum(wanted) > height:
        first, second = _shares(wanted[:2], height)
        return [(queues, first), (agents, second)], [(failures, height)]
    rooms = _shares(wanted, height)
    return [(queues, rooms[0]), (agents, rooms[1]), (failures, rooms[2])], []


def _stacked(blocks: Sequence[Sequence[Line]], height: int) -> list[Line]:
    """Return blocks below each other, with a line between them where there is room for all."""
    loose = sum(map(len, blocks)) + len(blocks) - 1 <= height
    found: list[Line] = []
    for block in blocks:
        found += [(), *block] if loose and found else block
    return found


def _shares(wanted: Sequence[int], height: int) -> list[int]:
    """Return how many lines each gets: what it wants, or a fair part; what one leaves goes to the others."""
    rooms = [0] * len(wanted)
    left = height
    while left > 0 and (hungry := [number for number, most in enumerate(wanted) if rooms[number] < most]):
        for number in hungry[:left]:
            rooms[number] += 1
            left -= 1
    return rooms
