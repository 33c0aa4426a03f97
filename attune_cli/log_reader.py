"""Log reader: one stream of an execution's log, piece by piece and attempt by attempt, through whatever interrupts it.

Made by `attune execution logs` and `attune sensor logs` for each stream that is shown, and read by `follow`. A place in a stream is its
offset there, so reading goes on at the same byte after a restart of the controller, of the agent, or of this program.
"""

import base64
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from attune_cli.client import Reads
from attune_cli.errors import ControllerUnreachable, RequestFailed
from attune_cli.render.output import note
from attune_core.wire.api import ExecutionView, LogView

Answer = TypeVar("Answer", LogView, ExecutionView)

#: Bytes asked for at once, and seconds for which a follower waits for an answer before it gives up.
WINDOW, PATIENCE = 1 << 18, 120.0
#: What the controller answers when the agent, or it itself, is restarting or busy.
PASSING = frozenset({"ATT535", "ATT536", "ATT537"})
_PAUSE, _PAUSE_MOST = 0.2, 2.0
_NEVER = threading.Event()


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which part of a log is wanted; without any restriction the whole log of the newest attempt."""

    attempt: int = 0
    offset: int = 0
    tail: int | None = None
    since: str | None = None  # RFC 3339
    ago: int | None = None  # seconds, by the agent's clock


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Bytes of a stream from `offset` on; the `gap` bytes before it are no longer kept."""

    stream: str
    attempt: int
    offset: int
    gap: int
    data: bytes


class Source:
    """Where logs and the state of their execution are asked; with `patient`, again and again while nobody answers."""

    def __init__(self, client: Reads, path: str, *, patient: bool, parameters: Mapping[str, str | int | None] | None = None) -> None:
        """Take where it is in the API, and what is said beside with each question."""
        self._client, self._path, self._parameters = client, path, parameters or {}
        self._patience = PATIENCE if patient else 0.0

    def window(self, parameters: Mapping[str, str | int | None]) -> LogView:
        """Return a window of a log."""
        return self._ask(lambda: self._client.get(f"{self._path}/logs", LogView, {**self._parameters, **parameters}))

    def execution(self) -> ExecutionView:
        """Return the execution."""
        return self._ask(lambda: self._client.get(self._path, ExecutionView))

    def _ask(self, ask: Callable[[], Answer]) -> Answer:
        end, pause = time.monotonic() + self._patience, _PAUSE
        while True:
            try:
                return ask()
            except (ControllerUnreachable, RequestFailed) as error:
                passing = isinstance(error, ControllerUnreachable) or error.code in PASSING
                if not passing or time.monotonic() > end:
                    raise
                if pause == _PAUSE:
                    note(f"[no answer: {error.message}; trying again for {self._patience:g} s]")
            _NEVER.wait(pause)
            pause = min(2 * pause, _PAUSE_MOST)


class LogReader:
    """One stream, read up to `at` of `total`; `caught_up` says that this was all for now, `ended` that it was all."""

    def __init__(self, source: Source, stream: str, part: Part) -> None:
        """Begin with a part of it."""
        self.stream, self.attempt = stream, part.attempt
        self.ended = self.caught_up = self.missing = False
        self._source = source
        self.at, self.total = part.offset, 0
        self._begin: dict[str, str | int | None] = {"tail": part.tail, "since": part.since, "ago": part.ago}

    def read(self, *, wait: int = 0) -> Piece:
        """Return what is next, perhaps nothing; the answer may take `wait` seconds to come."""
        place = {"attempt": self.attempt, "offset": self.at, "limit": WINDOW, "wait": wait}
        view = self._source.window({"stream": self.stream, **place, **self._begin})
        data = base64.b64decode(view.content)
        if not view.missing:
            if self.at > view.total:
                note(f"[{self.stream} has {view.total:,} bytes: there is no byte {self.at:,} yet]")
            self.attempt, self._begin, self.at = view.attempt, {}, view.offset + len(data)
        self.total = view.total
        self.missing, self.caught_up = view.missing, view.missing or self.at >= view.total
        self.ended = view.ended and self.caught_up
        return Piece(stream=self.stream, attempt=self.attempt, offset=view.offset, gap=view.gap, data=data)

    def go_on(self, attempt: int) -> None:
        """Begin with the next attempt's log."""
        self.attempt, self.at, self.ended = attempt, 0, False
