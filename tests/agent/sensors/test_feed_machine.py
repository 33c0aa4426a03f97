"""Lines from a spool to a controller, with a crash possible between any two steps: none is lost, none counts twice, their order is kept.

The controller of this test knows events by their ids, as the real one does; what was printed is the judge.
"""

import json
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from attune_agent.executor.spool import segment_path
from attune_agent.sensors.event_outbox import EventOutbox
from attune_agent.sensors.feed import Feed
from attune_agent.sensors.spool_files import SpoolFiles
from attune_agent.state.sensor_records import SensorRun
from attune_core.wire.session import Stored, TooFast
from tests.agent.scripted import StillClock

SEGMENT = 128
_LINE = 200


class Lines(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="attune-feed-"))
        self.printed: list[int] = []
        self.size = self.offset = self.trimmed = 0
        self.skipping = False
        self.length: int | None = None
        self.received: list[tuple[str, int]] = []
        self.clock = StillClock()
        self.live()

    def teardown(self) -> None:
        self.length = self.size
        self.live()
        for _ in range(10_000):
            if self.feed.finished:
                break
            self.read()
            self.post(refused=0, answered=True)
        assert self.feed.finished
        self.nothing_doubled_or_out_of_order()
        assert [n for _, n in self.received] == self.printed
        shutil.rmtree(self.place)

    def live(self) -> None:
        """Begin a life of the agent from what is stored."""
        run = SensorRun(
            run="r", sensor="web.disk", fingerprint="f", state_id="s", offset=self.offset, skipping=self.skipping, length=self.length
        )
        self.feed = Feed(run, SpoolFiles(self.place, SEGMENT), now=self.clock.now, limit=_LINE)
        self.outbox = EventOutbox(lambda: [self.feed] if self.feed.pending else [], self.clock)
        self.outbox.begin(takes=True)

    @precondition(lambda self: self.length is None)
    @rule(count=st.integers(1, 5))
    def print_events(self, count: int) -> None:
        for _ in range(count):
            self.printed.append(len(self.printed))
            self._append(json.dumps({"trigger": "t.t", "data": {"n": self.printed[-1]}}).encode() + b"\n")

    @precondition(lambda self: self.length is None)
    @rule(line=st.sampled_from([b"garbage\n", b'{"heartbeat":true}\n', b"\n", b"\xff\n"]))
    def print_something_else(self, line: bytes) -> None:
        self._append(line)

    @precondition(lambda self: self.length is None)
    @rule(parts=st.integers(1, 3), dies=st.booleans())
    def print_a_long_line(self, parts: int, *, dies: bool) -> None:
        """It comes in parts, between which the agent may die; whoever forgets that it was too long takes its end for an event."""
        for at in range(parts):
            self._append(b" " * (_LINE + 7 * at))
            self.read()
            if dies:
                self.post(refused=0, answered=True)
                self.store()
                self.live()
        self._append(b'{"trigger":"t.t","data":{"n":-1}}\n')

    @rule()
    def read(self) -> None:
        self.feed.look()
        while self.feed.fill() is not None:
            pass

    @rule(refused=st.integers(0, 3), answered=st.booleans(), too_fast=st.booleans())
    def post(self, refused: int, *, answered: bool, too_fast: bool = False) -> None:
        """One POST; its answer may be lost, and the session with it."""
        taken = self.outbox.take(count=4, size=200)
        kept = taken[: len(taken) - refused]
        for body in kept:
            event = json.loads(body)
            if event["id"] not in {known for known, _ in self.received}:
                self.received.append((event["id"], event["data"]["n"]))
        if answered:
            late = len(taken) - len(kept)
            slow = {"web.disk": TooFast(events=late, again_in=0.0)} if too_fast and late else {}
            self.outbox.answered(Stored(n=1, refused_events=0 if slow else late, too_fast=slow))
        else:
            self.outbox.begin(takes=True)

    @rule()
    def store(self) -> None:
        self.offset, self.skipping = self.feed.done, self.feed.skipping

    @rule()
    def trim(self) -> None:
        """The executor removes what the stored offset has passed."""
        for number in range(self.trimmed, self.offset // SEGMENT):
            segment_path(self.place, number).unlink(missing_ok=True)
        self.trimmed = max(self.trimmed, self.offset // SEGMENT)

    @precondition(lambda self: self.length is None)
    @rule()
    def end(self) -> None:
        self.length = self.size
        self.feed.length = self.size

    @rule()
    def crash(self) -> None:
        self.live()

    @invariant()
    def nothing_doubled_or_out_of_order(self) -> None:
        numbers = [n for _, n in self.received]
        assert numbers == self.printed[: len(numbers)]

    def _append(self, content: bytes) -> None:
        at = 0
        while at < len(content):
            number, inside = divmod(self.size, SEGMENT)
            part = content[at : at + SEGMENT - inside]
            with segment_path(self.place, number).open("ab") as file:
                file.write(part)
            at += len(part)
            self.size += len(part)


TestLines = Lines.TestCase
TestLines.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
