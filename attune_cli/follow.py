"""Following: an execution's log piece by piece, and its end; called by `execution logs` and `action run`."""

import threading
from collections.abc import Iterator, Sequence

from attune_cli.client import Client
from attune_cli.log_reader import LogReader, Source
from attune_cli.render.log_lines import Printer
from attune_cli.render.output import note
from attune_core.states import State
from attune_core.wire.api import EventView, ExecutionView
from attune_core.wire.stream_frames import LONGEST_WAIT

#: Seconds between two looks at what has no push; longer while nothing happens.
INTERVAL, _INTERVAL_MOST = 0.2, 1.0
_NEVER = threading.Event()


def read_logs(readers: Sequence[LogReader], printer: Printer) -> None:
    """Show what there is now, stream after stream; what is written meanwhile is left to those who follow."""
    for reader in readers:
        printer.show(reader.read())
        end = reader.total
        while not reader.caught_up and reader.at < end:
            printer.show(reader.read())
        printer.finish()
        if reader.missing:
            note(_why_missing(reader))


def follow_logs(source: Source, readers: Sequence[LogReader], printer: Printer, *, attempts: bool) -> ExecutionView:
    """Show what there is and what comes, until the streams (with `attempts` those of later attempts too) and the execution have ended."""
    pause = INTERVAL
    while True:
        moved = False
        for reader in [one for one in readers if not one.ended]:
            # One stream is waited for at the agent; of two, neither may wait for the other.
            piece = reader.read(wait=LONGEST_WAIT if len(readers) == 1 else 0)
            printer.show(piece)
            moved = moved or bool(piece.data or piece.gap)
        if all(reader.ended for reader in readers):
            found, last = source.execution(), max(reader.attempt for reader in readers)
            if attempts and found.attempt > last:
                for reader in readers:
                    reader.go_on(found.attempt)
                moved = True
            elif found.state is State.SETTLED:
                printer.finish()
                for reader in [one for one in readers if one.missing]:
                    note(_why_missing(reader))
                return found
        pause = INTERVAL if moved else min(1.5 * pause, _INTERVAL_MOST)
        if not moved:
            _NEVER.wait(pause)


def _why_missing(reader: LogReader) -> str:
    if not reader.ended:
        return f"[nothing was written to {reader.stream} yet]"
    if reader.stream == "build":
        return "[it had nothing built: it needs no environment, or the environment was there, or another execution was building it]"
    return f"[no {reader.stream} is kept: nothing was written, or it was removed to make room (see --logs-limit of the executor)]"


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
