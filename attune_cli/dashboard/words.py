"""Words: what a state, an age, a number or a series looks like; a symbol and a word each, so that no colour has to be seen.

Called by the views.
"""

from collections.abc import Sequence

from attune_cli.dashboard.spans import Span, Tone
from attune_core.moments import parse_rfc3339

#: Of outcomes, states and conditions of agents: a symbol, and how it is meant.
MARKS = {
    "succeeded": ("✓", Tone.GOOD),
    "failed": ("✗", Tone.BAD),
    "timed_out": ("◷", Tone.BAD),
    "cancelled": ("⊘", Tone.ODD),
    "lost": ("?", Tone.BAD),
    "rejected": ("↯", Tone.ODD),
    "accepted": ("·", Tone.QUIET),
    "queued": ("⋯", Tone.PLAIN),
    "assigned": ("→", Tone.PLAIN),
    "preparing": ("○", Tone.BUSY),
    "started": ("●", Tone.BUSY),
    "connected": ("●", Tone.GOOD),
    "unreachable": ("?", Tone.ODD),
    "planned": ("✓", Tone.GOOD),
    "dead_letter": ("✗", Tone.ODD),
    "dropped": ("⊘", Tone.QUIET),
}
_BARS = "▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def state(word: str) -> Span:
    """Return a state with its symbol."""
    mark, tone = MARKS.get(word, ("·", Tone.PLAIN))
    return Span(f"{mark} {word.replace('_', ' ')}", tone)


def age(moment: str, now: float) -> str:
    """Return how long ago something was, "" when it is not known; clocks of two machines may differ, and then it is just now."""
    try:
        return span_of(now - parse_rfc3339(moment)) if moment else ""
    except ValueError:
        return "?"


def span_of(seconds: float) -> str:
    """Return a stretch of time in its largest unit, as people compare them."""
    whole = max(int(seconds), 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def count(number: int) -> str:
    """Return a number of at most six cells."""
    if number < 100_000:
        return f"{number:,}"
    if number < 1_000_000:
        return f"{number // 1000:,} k"
    return f"{number / 1_000_000:,.1f} M"


def rate(number: float) -> str:
    """Return so many a second."""
    return f"{number:,.0f}/s" if number >= 100 or number == 0 else f"{number:,.1f}/s"


def sparkline(series: Sequence[int], width: int) -> str:
    """Return the newest values as bars beside each other; nothing is a space's worth of floor, the highest is full."""
    shown = list(series)[-width:] if width > 0 else []
    most = max(shown, default=0)
    bars = "".join(" " if not value else _BARS[min(value * 8 // (most + 1), 7)] for value in shown)
    return bars.rjust(max(width, 0))


def bar(part: float, width: int) -> str:
    """Return a bar of `part` (0 to 1) of the width, in eighths of a cell; what is not nothing is seen."""
    eighths = min(max(round(part * width * 8), 1 if part > 0 else 0), width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def gauge(taken: int, of: int, width: int) -> str:
    """Return how much of something is taken, cell by cell."""
    full = min(round(taken * width / of), width) if of > 0 else 0
    if taken > 0 and not full:
        full = 1
    return "■" * full + "·" * (width - full)
