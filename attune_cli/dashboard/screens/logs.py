"""Logs: what an execution writes, stdout or stderr, followed while it runs.

Opened by `l`, or by `:logs 12`. A thread of its own waits at the agent for what comes next, and ends with the screen.
"""

import threading
from functools import partial

from attune_cli.dashboard.around import Around, Post
from attune_cli.dashboard.keys import BACK, CANCEL, EXPLAIN, HELP, MOVING, PALETTE, QUIT, Key
from attune_cli.dashboard.log_text import LogText
from attune_cli.dashboard.places import Thing, Why
from attune_cli.dashboard.reading import Asks, read_detail
from attune_cli.dashboard.screens.looking import bindings_of
from attune_cli.dashboard.screens.scrolled import ScrolledScreen
from attune_cli.dashboard.sheets import Sheet
from attune_cli.dashboard.spans import line
from attune_cli.dashboard.views.rows import Row
from attune_cli.errors import ControllerUnreachable, RequestFailed
from attune_cli.log_reader import PASSING, LogReader, Part, Piece, Source
from attune_core.errors import AttuneError
from attune_core.states import State
from attune_core.wire.api import ExecutionView
from attune_core.wire.stream_frames import LONGEST_WAIT

FOLLOW = Key(key="f", shown="f", word="follow", action="follow", meaning="stay at the end while more is written, or stop that")
STREAM = Key(key="s,tab", shown="s", word="stderr/stdout", action="stream", meaning="the other stream")
#: Lines of the past that are read at first; seconds until a reader that failed, or one that got nothing, asks again.
_PAST, _PAUSE, _MOMENT = 2000, 2.0, 0.5


class LogsScreen(ScrolledScreen):
    """One execution's logs."""

    KEYS = (FOLLOW, STREAM, EXPLAIN, CANCEL, *MOVING, BACK, PALETTE, HELP, QUIT)
    BINDINGS = bindings_of((FOLLOW, STREAM, EXPLAIN, CANCEL, BACK))
    tab = "executions"

    def __init__(self, around: Around, execution: str) -> None:
        """Take whose logs."""
        super().__init__(around)
        self._thing = Thing(kind="execution", name=execution)
        self._execution: ExecutionView | None = None
        self._texts = {"stdout": LogText(), "stderr": LogText()}
        self._stream = "stdout"
        self._following = True
        self._error = ""
        self._over = threading.Event()

    @property
    def heading(self) -> str:
        """Whose logs, which stream, and whether more may come."""
        found, text = self._execution, self._texts[self._stream]
        how = "" if found is None else f" {found.action}, {found.outcome.value if found.outcome else found.state.value}"
        mode = "ended" if text.ended else "following" if self._following else "not following"
        return f"{self._thing.name}{how}: {self._stream}, {mode}"

    def sheet(self, _width: int) -> Sheet:
        """Return what was written."""
        text = self._texts[self._stream]
        lines = text.lines
        nothing = f"nothing was written to {self._stream}{'' if text.ended else ' yet'}: s shows the other stream"
        return Sheet(size=len(lines), draw=lambda number: line(lines[number]), empty=self._error or nothing)

    def on_mount(self) -> None:
        """Begin to follow both streams."""
        super().on_mount()
        for stream in self._texts:
            self.around.apart(partial(_follow, screen=self, path=self._thing.path, stream=stream, closed=self._over))

    def on_unmount(self) -> None:
        """Let the readers end."""
        self._over.set()

    def read(self) -> None:
        """Ask for the execution."""
        self.around.ask(lambda asks: read_detail(asks, self._thing), lambda detail: self._know(detail.document), self.fail)

    def changed(self, kinds: frozenset[str]) -> None:
        """Ask again when executions moved."""
        if kinds & {"reset", "execution"}:
            self.read()

    def chosen_document(self) -> Row | None:
        """Return the execution, for orders."""
        return self._execution

    def chosen_thing(self) -> Thing | None:
        """Return nothing: a line of a log stands for nothing."""
        return None

    def action_explain(self) -> None:
        """Say why it is as it is."""
        self.around.go(Why(thing=self._thing))

    def action_follow(self) -> None:
        """Stay at the end, or stop that."""
        self._following = not self._following
        self._to_the_end()

    def action_stream(self) -> None:
        """Show the other stream."""
        self._stream = "stderr" if self._stream == "stdout" else "stdout"
        self._to_the_end()

    def moved(self) -> None:
        """Stop to follow when one goes back to read, and follow again at the end."""
        self._following = self.scroll_state.cursor >= len(self._texts[self._stream].lines) - 1

    def add(self, piece: Piece, *, ended: bool) -> None:
        """Take what was written."""
        text = self._texts[piece.stream]
        before = text.dropped
        text.add(piece)
        text.ended, self._error = ended, ""
        if piece.stream != self._stream:
            return
        if self._following:
            self._to_the_end()
        else:  # what is read stays where it is while older lines go
            self.scroll_state = self.scroll_state.shifted(before - text.dropped)
            self.redraw()

    def fail(self, error: AttuneError) -> None:
        """Say that there is no log, or that it cannot be read now."""
        self._error = f"{error.message}; what to do: {error.hint}"
        self.redraw()

    def _know(self, document: object) -> None:
        if isinstance(document, ExecutionView):
            self._execution = document
            self.redraw()

    def _to_the_end(self) -> None:
        if self._following:
            size = len(self._texts[self._stream].lines)
            self.scroll_state = self.scroll_state.to(size - 1, size)
        self.redraw()


def _follow(asks: Asks, post: Post, *, screen: LogsScreen, path: str, stream: str, closed: threading.Event) -> None:
    """Read one stream to its end, attempt by attempt; what passes is waited for, anything else ends it."""
    source = Source(asks, path, patient=False)
    reader = LogReader(source, stream, Part(tail=_PAST))
    while not closed.is_set():
        try:
            piece = reader.read(wait=LONGEST_WAIT)
            over = reader.ended and _is_over(source, reader)
            post(partial(screen.add, piece, ended=over))
            if over:
                return
            closed.wait(_MOMENT if not piece.data else 0.0)  # an agent may answer at once that there is nothing new
        except (ControllerUnreachable, RequestFailed) as error:
            post(partial(screen.fail, error))
            if isinstance(error, RequestFailed) and error.code not in PASSING:
                return
            closed.wait(_PAUSE)


def _is_over(source: Source, reader: LogReader) -> bool:
    """Tell whether nothing more comes; a later attempt is gone on with."""
    found = source.execution()
    if found.attempt > reader.attempt:
        reader.go_on(found.attempt)
        return False
    return found.state is State.SETTLED
