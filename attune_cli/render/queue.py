"""Queues for people: rows of the list, what one is, and who stands in it; used by the `attune queue` commands."""

from collections.abc import Iterator, Sequence

from attune_core.moments import parse_rfc3339
from attune_core.quantities import show_duration
from attune_core.wire.queues import QueueContent, QueuedExecution, QueuePause, QueueSummary

LIST = ("agent", "action", "key", "waiting", "in hand", "running", "back-off", "oldest", "the first waits for")
SHOW = ("position", "number", "state", "attempt", "agent", "waits", "waits for")


def list_row(queue: QueueSummary, now: float) -> Sequence[str]:
    """Return a queue's row; `now` is the clock here."""
    counts = str(queue.waiting), str(queue.in_hand), str(queue.running), str(queue.returning or "")
    return (_place(queue), queue.action, _key(queue.key), *counts, _age(queue.oldest_at, now), _why(queue))


def _why(queue: QueueSummary) -> str:
    """Return what the first waits for, and what is paused unless it says that already."""
    unsaid = [f"paused: {pause_text(pause)}" for pause in queue.paused if pause.note not in queue.waiting_for]
    return "; ".join(filter(None, [queue.waiting_for, *unsaid]))


def pause_text(pause: QueuePause) -> str:
    """Return why something is paused, who it was and since when."""
    return f"{pause.note} (by {pause.by} since {pause.since[:19]}Z)"


def pause_line(pause: QueuePause) -> str:
    """Return a pause as a sentence."""
    what = "every queue of " + pause.action if pause.key is None else f"the queues of {pause.action} with the key {pause.key}"
    return f"{what}: paused: {pause_text(pause)}"


def queue_fields(content: QueueContent, now: float) -> Sequence[tuple[str, str]]:
    """Return what a person wants to know of a queue, empty fields left out."""
    queue = content.queue
    fields = [
        ("agent", _place(queue)),
        ("action", queue.action),
        ("key", _key(queue.key)),
        ("waiting", f"{queue.waiting} at the controller, {queue.in_hand} in hand of an agent"),
        ("running", str(queue.running)),
        ("back-off", f"{queue.returning} take a place at the tail when it is over" if queue.returning else ""),
        ("oldest", _age(queue.oldest_at, now)),
        ("waits for", _why(queue)),
    ]
    return [(name, value) for name, value in fields if value]


def show_rows(content: QueueContent, now: float) -> Iterator[Sequence[str]]:
    """Yield who stands in it, in order, and then who has no place now."""
    for one in (*content.items, *content.returning):
        yield (
            str(one.position or "-"),
            str(one.number),
            " ".join([one.state, *one.conditions]),
            str(one.attempt or ""),
            one.agent,
            _age(one.accepted_at, now),
            _waits_for(one),
        )


def _waits_for(one: QueuedExecution) -> str:
    if one.waiting_for or one.position < 2 or one.state == "started":
        return one.waiting_for
    return f"those before it: {one.position - 1}"


def _place(queue: QueueSummary) -> str:
    return "(the fleet)" if queue.place == "*" else queue.place


def _key(key: str) -> str:
    return "" if key == "null" else key


def _age(moment: str, now: float) -> str:
    """Return how long ago something was; clocks of two machines may differ, and then it is just now."""
    return show_duration(max(round(now - parse_rfc3339(moment)), 0)) if moment else ""
