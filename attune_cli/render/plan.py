"""A plan for people: by rule what vanishes, changes and appears, why, and the first examples; then events, counts and a summary.

Called by `attune plan`; everything from events and the repository passes safe_text.
"""

import sys
from collections.abc import Iterator, Sequence

from attune_cli.comparing import Compared
from attune_cli.render import plan_words as words
from attune_cli.render.cells import cells, padded
from attune_cli.render.colours import has_colours
from attune_cli.render.wrapping import hanging, width_of
from attune_core.effects.effect import Kind
from attune_core.effects.forecast import Counts, Forecast, Group
from attune_core.rules.recorded import RecordedEvent
from attune_core.safe_text import safe_text

_COLOURS = {Kind.VANISH: "\x1b[31m", Kind.CHANGE: "\x1b[33m", Kind.APPEAR: "\x1b[32m"}
_BOLD, _RESET = "\x1b[1m", "\x1b[0m"


def write_plan(compared: Compared) -> None:
    """Print it all."""
    width = width_of(sys.stdout)
    for line in plan_lines(compared, colours=has_colours()):
        sys.stdout.write(hanging(line, width) + "\n")


def plan_lines(compared: Compared, *, colours: bool) -> Iterator[str]:
    """Yield the lines of a plan."""
    forecast = compared.forecast
    yield safe_text(f"{compared.base.text()} → {compared.head.text()}")
    yield safe_text(f"{words.counted(forecast.events, 'event')} from {compared.source}{words.span_of(forecast)}")
    above = ""
    for group in forecast.groups():
        if (title := words.title(group)) != above:
            yield ""
            yield f"{_BOLD}{safe_text(title)}{_RESET}" if colours else safe_text(title)
        above = title
        yield from _group(forecast, group, colours=colours)
    for turn in forecast.turns():
        yield ""
        yield safe_text(words.turn_line(turn))
        yield from _why(words.tallied(turn.reasons))
        for event in turn.examples:
            yield from _example(event, ())
    yield from _shifts(forecast)
    yield ""
    if forecast.undeliverable:
        yield f"{words.counted(forecast.undeliverable, 'event')} undeliverable under both revisions"
    if unseen := words.unseen(forecast):
        yield unseen
    yield safe_text(words.summary(compared))


def _group(forecast: Forecast, group: Group, *, colours: bool) -> Iterator[str]:
    head = safe_text(words.headline(forecast, group))
    yield f"  {_COLOURS[group.kind]}{head}{_RESET}" if colours else f"  {head}"
    yield from _why(words.why(group))
    for example in group.examples:
        yield from _example(example.event, words.effect_lines(example.effect))


def _why(rows: Sequence[tuple[str, int]]) -> Iterator[str]:
    width = max((len(f"{count:,}") for _, count in rows), default=0)
    for text, count in rows:
        yield f"    {count:>{width},}  {safe_text(text, limit=500)}"


def _example(event: RecordedEvent, lines: Sequence[str]) -> Iterator[str]:
    yield f"    {safe_text(words.event_name(event), limit=300)}"
    for line in lines:
        yield f"      {safe_text(line, limit=1000)}"


def _shifts(forecast: Forecast) -> Iterator[str]:
    """Yield a table of the rules whose counts differ; a column stands there only if a number in it differs."""
    shifts = forecast.shifts()
    shown = [{word: _cell(count, one.head.by_word()[word]) for word, count in one.base.by_word().items()} for one in shifts]
    columns = [word for word in Counts().by_word() if any(row[word] for row in shown)]
    if not shifts:
        return
    rows = [("rule", *columns)]
    rows += [(one.rule or "manual runs", *(row[word] for word in columns)) for one, row in zip(shifts, shown, strict=True)]
    widths = [max(cells(row[index]) for row in rows) for index in range(len(columns) + 1)]
    yield ""
    for row in rows:
        yield safe_text("  ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cell(before: int, after: int) -> str:
    return f"{before:,} → {after:,}" if before != after else ""
