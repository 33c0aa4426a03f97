"""Changes: what happens at a controller, as it happens, through whatever interrupts it.

Read by `top`, `execution watch` and the dashboard. A connection that ends is made again, later each time, and goes on where it ended if the
controller still has what came after; else it begins with `Reset`, and the reader reads its pages again.
"""

import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from attune_cli.client import Client, ServerEvent
from attune_cli.errors import ControllerUnreachable, RequestFailed
from attune_core.errors import AttuneError
from attune_core.wire.changes import ChangeView, Reset, Told

#: Seconds until the next attempt, at first and at most; and how long a controller that says nothing at all is believed to be there.
PAUSE, PAUSE_MOST, SILENCE = 0.5, 10.0, 30.0
#: What a controller answers that is restarting, busy or full; any other refusal stays one.
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_CHANGE: TypeAdapter[Told | Reset] = TypeAdapter(ChangeView)
_NEVER = threading.Event()


@dataclass(frozen=True)
class Connected:
    """There is a connection; what comes next is `Reset` or goes on where the last one ended."""


@dataclass(frozen=True)
class Disconnected:
    """There is none: why, and in how many seconds the next one is tried."""

    error: AttuneError
    retry_in: float


Change: TypeAlias = Told | Reset | Connected | Disconnected


def watch(
    client: Client, *, kinds: Sequence[str] = (), execution: str = "", stop: threading.Event = _NEVER
) -> Generator[Change, None, None]:
    """Yield what happens, until `stop` or for ever; a refusal that will not pass is raised.

    While nothing happens `stop` is seen only at the next sign of life, which comes every ten seconds.
    """
    last, pause = "", PAUSE
    parameters = {"kinds": ",".join(kinds) or None, "execution": execution or None}
    while not stop.is_set():
        try:
            for event in client.events("/v1/changes", parameters, last=last, silence=SILENCE):
                last = event.id or last
                if not event.name:
                    pause = PAUSE
                    yield Connected()
                elif (change := _read(event)) is not None:
                    yield change
                if stop.is_set():
                    return
            error: AttuneError = ControllerUnreachable("the controller ended the connection")
        except (ControllerUnreachable, RequestFailed) as failed:
            if isinstance(failed, RequestFailed) and failed.status not in _PASSING:
                raise
            error = failed
        yield Disconnected(error, pause)
        stop.wait(pause)
        pause = min(2 * pause, PAUSE_MOST)


def _read(event: ServerEvent) -> Told | Reset | None:
    """Return the change; None for what only a newer version knows, and for signs of life."""
    try:
        return _CHANGE.validate_json(event.data) if event.data else None
    except ValidationError:
        return None
