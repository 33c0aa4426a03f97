"""Recording: events as a controller has recorded them, from itself or from a file that was exported.

Called by `attune event export` and `replay`, and by `attune plan`.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from attune_cli.client import Client
from attune_cli.errors import BadArgument, EventsUnreadable
from attune_core.moments import parse_rfc3339
from attune_core.ports import rfc3339
from attune_core.quantities import parse_duration
from attune_core.rules.recorded import RecordedEvent, UnreadableLine, read_recorded
from attune_core.safe_text import safe_text
from attune_core.wire.api import EventView, Page

#: Lines that are no events which are named.
NAMED_LINES = 5
#: More events than a controller keeps.
ALL = 2**62


def recorded_by_controller(client: Client, since: str | None, trigger: str | None = None) -> Iterator[RecordedEvent]:
    """Yield what was received since then, in the controller's order; `since` is a time, or a duration before now such as 24h."""
    parameters = {"since": None if since is None else rfc3339(moment_of(since)), "trigger": trigger}
    for view in client.pages("/v1/recorded_events", Page[EventView], parameters, most=ALL):
        yield _recorded(view)


def recorded_until_now(client: Client, since: str | None, trigger: str | None) -> Iterator[RecordedEvent]:
    """Yield no more than what is there now: whoever sends events again would otherwise find its own for ever."""
    newest = client.get("/v1/events", Page[EventView], {"limit": 1}).items
    for event in recorded_by_controller(client, since, trigger):
        if not newest or event.position is None or event.position > newest[0].position:
            return
        yield event


def recorded_at(client: Client, positions: Iterable[int]) -> Iterator[RecordedEvent]:
    """Yield the events of these positions, dead letters with their data too."""
    for position in positions:
        yield _recorded(client.get(f"/v1/events/{position}", EventView, {"data": "true"}))


def _recorded(view: EventView) -> RecordedEvent:
    return RecordedEvent(
        id=view.id,
        source=view.source,
        type=view.type,
        subject=view.subject,
        time=parse_rfc3339(view.time),
        received_at=parse_rfc3339(view.received_at),
        data=view.data,
        position=view.position,
    )


def recorded_in_file(path: Path, advance: Callable[[int], None]) -> Iterator[RecordedEvent]:
    """Yield the events of a file, or of standard input for `-`; `advance` is called with the bytes of each.

    A line that is no event ends them, because nobody wants half: `EventsUnreadable` names the first lines of that kind at the end.
    """
    mistakes: list[UnreadableLine] = []
    try:
        with nullcontext(sys.stdin.buffer) if _is_standard(path) else path.open("rb") as stream:
            place = 0
            for line in read_recorded(stream):
                if isinstance(line, UnreadableLine):
                    mistakes.append(line)
                elif not mistakes:
                    yield line
                if len(mistakes) == NAMED_LINES:
                    break
                if not _is_standard(path):
                    advance(stream.tell() - place)
                    place = stream.tell()
    except OSError as error:
        raise EventsUnreadable(f"{path}: {error.strerror}", hint="name a file that `attune event export` wrote") from error
    if mistakes:
        named = "\n".join(f"{name_of(path)}:{one.number}: {one.error}" for one in mistakes)
        raise EventsUnreadable(f"lines of the events cannot be read\n{named}")


def size_of(path: Path) -> int | None:
    """Return the bytes of a file of events, None where nobody knows."""
    return path.stat().st_size if path.is_file() else None


def name_of(path: Path) -> str:
    """Return what people call it."""
    return "standard input" if _is_standard(path) else safe_text(str(path))


def _is_standard(path: Path) -> bool:
    return str(path) == "-"


def moment_of(since: str) -> float:
    """Return a time, or the one so long ago; `BadArgument`."""
    try:
        return datetime.now(UTC).timestamp() - parse_duration(since)
    except ValueError:
        try:
            return parse_rfc3339(since)
        except ValueError:
            raise BadArgument(f"{since!r} is neither a duration such as 24h nor a time such as 2026-01-02T03:04:05Z") from None
