"""Following: an execution's log window by window, and its end; called by `execution logs` and `action run`."""

import base64
import sys
import threading
from collections.abc import Iterator

from attune_cli.client import Client
from attune_cli.render.output import note, on_terminal
from attune_core.safe_text import safe_text
from attune_core.states import State
from attune_core.wire.api import EventView, ExecutionView, LogView

#: Seconds between two looks; the controller has no push for these yet.
INTERVAL = 0.2
_NEVER = threading.Event()


def follow_log(client: Client, execution: str, *, stream: str, attempt: int, follow: bool, raw: bool) -> None:
    """Print a log from its start; with `follow`, until the stream has ended. What was dropped is said on stderr."""
    offset = 0
    while True:
        window = client.get(
            f"/v1/executions/{execution}/logs",
            LogView,
            {"stream": stream, "offset": offset, "limit": 1 << 18, "attempt": attempt},
        )
        if window.gap:
            note(f"[{window.gap} bytes are no longer kept]")
        content = base64.b64decode(window.content)
        write_log(content, raw=raw)
        offset = window.offset + len(content)
        if offset >= window.total:
            if window.ended or not follow:
                return
            _NEVER.wait(INTERVAL)


def write_log(content: bytes, *, raw: bool) -> None:
    """Write log bytes to stdout: raw when asked or piped, made harmless on a terminal."""
    if raw or not on_terminal():
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        sys.stdout.write(safe_text(content, limit=len(content) + 1, keep_newlines=True))
        sys.stdout.flush()


def executions_of(client: Client, position: int) -> list[str]:
    """Wait until an event is planned and return its executions' ids; a dead letter has none."""
    while True:
        event = client.get(f"/v1/events/{position}", EventView)
        if event.status != "accepted":
            if event.status == "dead_letter":
                note(f"event {position} is a dead letter: {event.reason}")
            return event.executions
        _NEVER.wait(INTERVAL / 4)


def states_of(client: Client, execution: str) -> Iterator[ExecutionView]:
    """Yield an execution each time it has changed, the last time when it is settled."""
    last: ExecutionView | None = None
    while True:
        found = client.get(f"/v1/executions/{execution}", ExecutionView)
        if found != last:
            last = found
            yield found
        if found.state is State.SETTLED:
            return
        _NEVER.wait(INTERVAL / 4)
