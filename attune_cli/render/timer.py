"""A timer as a row and as fields; used by `attune timer`."""

from collections.abc import Sequence

from attune_core.wire.timers import DueTime, TimerDetail, TimerView

COLUMNS = ("timer", "schedule", "next due", "last due", "missed", "misfire", "declared in")


def timer_row(timer: TimerView) -> tuple[str, ...]:
    """Return one line of a list."""
    missed, place = str(timer.missed or ""), f"{timer.path}:{timer.line}"
    return timer.ref, timer.schedule, timer.next_due or "never", timer.last_due, missed, timer.misfire, place


def timer_fields(timer: TimerDetail) -> Sequence[tuple[str, str]]:
    """Return names and values of one timer."""
    fields = [
        ("timer", timer.ref),
        ("description", timer.description),
        ("schedule", timer.schedule),
        ("jitter", f"up to {timer.jitter} later" if timer.jitter else ""),
        ("misfire", timer.misfire),
        ("last due", timer.last_due or "never yet"),
        ("missed", str(timer.missed or "")),
        *[("" if place else "next due", _due(one, timer)) for place, one in enumerate(timer.upcoming)],
        ("next due", "" if timer.upcoming else "never"),
        ("fires", ", ".join(timer.rules) or "no enabled rule"),
        ("declared in", f"{timer.path}:{timer.line}"),
    ]
    return [(name, value) for name, value in fields if value]


def _due(one: DueTime, timer: TimerDetail) -> str:
    local = f"  {one.local}" if one.local else ""
    return one.due + local + (f"  ticks at {one.ticks_at}" if timer.jitter else "")
