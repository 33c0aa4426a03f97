"""Where a reader begins: the last lines are found exactly, and nothing written since a time is left out, though little of a log is read."""

from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from attune_agent.executor.bounded_log import Bounds
from attune_agent.executor.log_files import read_window
from attune_agent.executor.log_start import start_of_tail, start_since
from attune_agent.executor.log_waypoints import EVERY_SECONDS, MOST, Waypoints, WaypointTable, read_waypoints, waypoints_name
from tests.agent.executor.written_log import WrittenLog, written_log


@dataclass
class _Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


_bounds = st.builds(Bounds, head=st.integers(1, 40), segment=st.integers(1, 30), segments=st.integers(1, 4))
_chunk = st.binary(max_size=25).map(lambda raw: bytes(b"ab\n"[byte % 3] for byte in raw))


def _newest_kept(folder: Path) -> int:
    """Where the newest stretch of the stream that is kept begins."""
    begin = at = 0
    while (window := read_window(folder, "stdout", at, 1 << 20)).data:
        begin, at = (window.offset if window.gap else begin), window.offset + len(window.data)
    return begin


@given(bounds=_bounds, chunks=st.lists(_chunk, max_size=30), lines=st.integers(0, 40), every=st.integers(1, 60), most=st.integers(2, 8))
@settings(deadline=None)  # a shared machine is no measure
def test_the_last_lines_are_those_of_the_whole_stream_or_begin_with_the_gap(
    bounds: Bounds, chunks: list[bytes], lines: int, every: int, most: int
) -> None:
    with written_log(bounds, Waypoints(every=every, most=most)) as written:
        for chunk in chunks:
            written.write(chunk)
        stream = b"".join(chunks)
        start = start_of_tail(written.folder, "stdout", lines)
        right = len(b"".join(stream.splitlines(keepends=True)[: max(0, len(stream.splitlines()) - lines)]))
        if start != right:
            gap = read_window(written.folder, "stdout", start, 1).gap
            assert gap > 0
            assert start + gap >= right, "nothing older is shown"
            assert right <= _newest_kept(written.folder), "what is all there is found"


@given(
    bounds=_bounds,
    writes=st.lists(st.tuples(_chunk, st.sampled_from([0.0, 0.3, 0.9, 5.0, 60.0])), max_size=30),
    ago=st.floats(-10, 300),
    most=st.integers(2, 8),
)
@settings(deadline=None)  # a shared machine is no measure
def test_nothing_written_since_a_time_is_left_out(bounds: Bounds, writes: list[tuple[bytes, float]], ago: float, most: int) -> None:
    clock = _Clock()
    with written_log(bounds, Waypoints(clock, every=20, most=most)) as written:
        times: list[float] = []
        for chunk, pause in writes:
            clock.now += pause
            written.write(chunk)
            times += [clock.now] * len(chunk)
        written.touch(clock.now)
        since = clock.now - ago
        first = next((at for at, when in enumerate(times) if when >= since), len(times))
        assert start_since(written.folder, "stdout", since) <= first


def test_what_is_since_a_time_begins_with_its_own_line_and_seconds_before_it_are_left_out() -> None:
    clock = _Clock()
    with written_log(Bounds(head=1 << 20, segment=4096, segments=2), Waypoints(clock)) as written:
        for number in range(100):
            clock.now += 10.0
            written.write(b"line %d beg" % number)
            written.write(b"un\n")
        written.touch(clock.now)
        start = start_since(written.folder, "stdout", clock.now - 10.0)
        assert read_window(written.folder, "stdout", start, 100).data == b"line 98 begun\nline 99 begun\n"
        total = written.log.total
        assert start_since(written.folder, "stdout", clock.now + 5.0) == total
        assert start_since(written.folder, "stdout", 0.0) == 0


def test_a_short_and_quick_output_needs_no_waypoints() -> None:
    with written_log(Bounds(head=4096, segment=4096, segments=2), Waypoints(_Clock())) as written:
        written.write(b"one\ntwo\nthree\n")
        assert [path.name for path in written.folder.iterdir()] == ["stdout.head"]
        assert start_of_tail(written.folder, "stdout", 2) == 4
        written.touch(500.0)
        assert start_since(written.folder, "stdout", 499.0) == 0
        assert start_since(written.folder, "stdout", 600.0) == 14


def test_a_day_of_a_line_a_second_has_as_many_waypoints_as_are_allowed_and_not_more() -> None:
    clock = _Clock()
    with written_log(Bounds(head=1 << 20, segment=1 << 20, segments=4), Waypoints(clock)) as written:
        for number in range(86_400):
            clock.now += 1.0
            written.write(b"%d\n" % number)
        written.touch(clock.now)
        table = _table(written)
        assert MOST // 4 < len(table.waypoints) <= MOST
        start = start_since(written.folder, "stdout", clock.now - 3600)
        first = int(read_window(written.folder, "stdout", start, 100).data.split()[0])
        assert 86_400 - 3600 - 2 * table.seconds - EVERY_SECONDS <= first <= 86_400 - 3600
        start = start_of_tail(written.folder, "stdout", 1000)
        assert read_window(written.folder, "stdout", start, 100).data.startswith(b"85400\n")


def test_a_loud_stream_forgets_the_waypoints_of_what_it_dropped_before_it_thins_the_others() -> None:
    with written_log(Bounds(head=1 << 20, segment=1 << 20, segments=4), Waypoints()) as written:
        line = b"x" * 99 + b"\n"
        for _ in range(6000):
            written.write(line * 700)
        table = _table(written)
        assert table.seconds == EVERY_SECONDS
        start = start_of_tail(written.folder, "stdout", 30_000)
        assert start == written.log.total - 3_000_000


def test_marks_that_find_no_room_cost_nothing_of_the_log() -> None:
    with written_log(Bounds(head=1000, segment=1000, segments=2), Waypoints(every=10)) as written:
        written.write(b"one line\n")
        written.refusing = True
        written.write(b"two lines\nthree\n")
        written.write(b"four\n")
        assert not written.log.broken
        assert read_window(written.folder, "stdout", start_of_tail(written.folder, "stdout", 2), 100).data == b"three\nfour\n"


def _table(written: WrittenLog) -> WaypointTable:
    with (written.folder / waypoints_name("stdout")).open("rb") as file:
        table = read_waypoints(file.fileno())
    assert table is not None
    return table
