"""Recording: the events that a controller has recorded, as a plan or an export takes them.

Called by `attune event export` and `attune plan --from-controller`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from attune_cli.client import Client
from attune_cli.errors import BadArgument
from attune_core.moments import parse_rfc3339
from attune_core.ports import rfc3339
from attune_core.quantities import parse_duration
from attune_core.rules.recorded import RecordedEvent
from attune_core.wire.api import EventView, Page

#: More events than a controller keeps.
ALL = 2**62


def recorded_by_controller(client: Client, since: str | None, trigger: str | None = None) -> Iterator[RecordedEvent]:
    """Yield what was received since then, in the controller's order; `since` is a time, or a duration before now such as 24h."""
    parameters = {"since": None if since is None else rfc3339(_moment(since)), "trigger": trigger}
    for view in client.pages("/v1/recorded_events", Page[EventView], parameters, most=ALL):
        yield RecordedEvent(
            id=view.id,
            source=view.source,
            type=view.type,
            subject=view.subject,
            time=parse_rfc3339(view.time),
            received_at=parse_rfc3339(view.received_at),
            data=view.data,
            position=view.position,
        )


def _moment(since: str) -> float:
    try:
        return datetime.now(UTC).timestamp() - parse_duration(since)
    except ValueError:
        try:
            return parse_rfc3339(since)
        except ValueError:
            raise BadArgument(f"{since!r} is neither a duration such as 24h nor a time such as 2026-01-02T03:04:05Z") from None
