"""What a log keeps, against a model: the first bytes, the last bytes, exact gaps, hard bounds; also while it is being written."""

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_agent.executor.bounded_log import NEAR_PART, Bounds
from attune_agent.executor.log_files import LogUnknown, read_window
from tests.agent.executor.written_log import written_log

_bounds = st.builds(Bounds, head=st.integers(1, 40), segment=st.integers(1, 30), segments=st.integers(1, 4))
_line = st.binary(max_size=25).map(lambda raw: bytes(b"ab\n"[byte % 3] for byte in raw))


@given(bounds=_bounds, chunks=st.lists(_line, max_size=30), offset=st.integers(-50, 400), limit=st.integers(0, 200))
@settings(deadline=None)  # a shared machine is no measure
def test_any_window_is_the_streams_own_bytes_or_a_gap_and_the_bounds_hold(
    bounds: Bounds, chunks: list[bytes], offset: int, limit: int
) -> None:
    with written_log(bounds) as written:
        stream = b""
        for chunk in chunks:
            written.write(chunk)
            stream += chunk
            assert written.data_on_disk() <= bounds.head + bounds.segments * bounds.segment
        window = read_window(written.folder, "stdout", offset, limit)
        assert window.total == len(stream) == written.log.total
        assert window.data == stream[window.offset : window.offset + len(window.data)]
        wanted = max(0, len(stream) + offset) if offset < 0 else min(offset, len(stream))
        assert window.offset - window.gap == wanted
        assert len(window.data) <= limit


@given(bounds=_bounds, chunks=st.lists(_line, max_size=30))
@settings(deadline=None)  # a shared machine is no measure
def test_following_window_by_window_shows_the_head_and_the_last_bytes(bounds: Bounds, chunks: list[bytes]) -> None:
    with written_log(bounds) as written:
        for chunk in chunks:
            written.write(chunk)
        stream, at, seen = b"".join(chunks), 0, b""
        while True:
            window = read_window(written.folder, "stdout", at, 7)
            seen += b"?" * window.gap + window.data
            at = window.offset + len(window.data)
            if not window.data:
                break
        assert len(seen) == len(stream)
        assert all(shown in (63, was) for shown, was in zip(seen, stream, strict=True))
        # All but the newest segment are full, up to the eighth that a cut at a line's end may cost.
        kept = (bounds.segments - 1) * (bounds.segment - bounds.segment // NEAR_PART)
        assert seen[len(stream) - min(kept, len(stream)) :] == stream[len(stream) - min(kept, len(stream)) :]


def test_the_cut_is_made_at_a_lines_end_when_one_is_near() -> None:
    with written_log(Bounds(head=40, segment=40, segments=2)) as written:
        written.write(b"a" * 36 + b"\n" + b"b" * 20 + b"\n" + b"c" * 30 + b"\n")
        assert (written.folder / "stdout.head").read_bytes() == b"a" * 36 + b"\n"
        assert (written.folder / "stdout.0").read_bytes() == b"b" * 20 + b"\n" + b"c" * 19
        assert (written.folder / "stdout.1").read_bytes() == b"c" * 11 + b"\n"
        written.write(b"d" * 26 + b"\n")
        written.write(b"e" * 20)
        assert (written.folder / "stdout.1").read_bytes() == b"c" * 11 + b"\n" + b"d" * 26 + b"\n"
        assert (written.folder / "stdout.0").read_bytes() == b"e" * 20


def test_what_a_full_disk_swallowed_is_a_gap_of_exactly_that_many_bytes() -> None:
    with written_log(Bounds(head=4, segment=8, segments=3)) as written:
        written.write(b"head")
        written.refusing = True
        written.write(b"lost bytes")
        assert written.log.broken
        written.refusing = False
        written.log.mend()
        written.write(b"again")
        assert read_window(written.folder, "stdout", 0, 99).data == b"head"
        window = read_window(written.folder, "stdout", 4, 99)
        assert (window.gap, window.offset, window.data, window.total) == (10, 14, b"again", 19)


def test_an_unknown_log_or_stream_is_said() -> None:
    with pytest.raises(LogUnknown):
        read_window(Path("/nonexistent/log"), "stdout", 0, 10)
    with written_log(Bounds(head=4, segment=8, segments=3)) as written, pytest.raises(LogUnknown):
        read_window(written.folder, "../stdout", 0, 10)


def test_a_stream_that_has_said_nothing_is_empty_and_costs_no_file() -> None:
    with written_log(Bounds(head=4, segment=8, segments=3)) as written:
        written.write(b"out")
        window = read_window(written.folder, "stderr", 5, 10)
        assert (window.offset, window.data, window.total, window.gap) == (0, b"", 0, 0)
        assert [path.name for path in written.folder.iterdir()] == ["stdout.head"]


def test_a_disk_that_was_full_from_the_first_byte_leaves_a_gap_before_all_else() -> None:
    with written_log(Bounds(head=4, segment=8, segments=3)) as written:
        written.refusing = True
        written.write(b"lost")
        written.refusing = False
        written.log.mend()
        written.write(b"kept")
        window = read_window(written.folder, "stdout", 0, 99)
        assert (window.gap, window.data, window.total) == (4, b"kept", 8)


def test_a_log_file_replaced_by_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "stdout.head").symlink_to("/etc/passwd")
    with pytest.raises(LogUnknown):
        read_window(tmp_path, "stdout", 0, 10)


def test_a_reader_beside_a_fast_writer_never_gets_wrong_bytes() -> None:
    """Each byte of the stream is a function of its offset, so that any wrong byte shows."""
    unit = b"".join(b"%07d\n" % number for number in range(4096))
    with written_log(Bounds(head=4096, segment=8192, segments=3)) as written:
        done = threading.Event()

        def write() -> None:
            for _ in range(200):
                written.write(unit)
            done.set()

        writer = threading.Thread(target=write)
        writer.start()
        at, windows = 0, 0
        while not done.is_set():
            window = read_window(written.folder, "stdout", at, 5000)
            expected = (unit * 2)[window.offset % len(unit) :][: len(window.data)]
            assert window.data == expected
            at = max(window.offset + len(window.data), window.total - 9000)
            windows += 1
        writer.join()
        assert windows > 20


def test_a_log_that_is_removed_while_it_is_read_gives_its_own_bytes_or_says_that_there_is_none() -> None:
    unit = b"".join(b"%07d\n" % number for number in range(4096))
    for _ in range(20):
        with written_log(Bounds(head=4096, segment=8192, segments=3)) as written:
            written.write(unit)
            removing = threading.Thread(target=lambda folder: [path.unlink() for path in folder.iterdir()], args=(written.folder,))
            removing.start()
            at = 0
            for _ in range(50):
                window = read_window(written.folder, "stdout", at, 3000)
                assert window.data == unit[window.offset : window.offset + len(window.data)]
                at = (window.offset + len(window.data)) % len(unit)
            removing.join()
            written.folder.rmdir()
            with pytest.raises(LogUnknown):
                read_window(written.folder, "stdout", at, 3000)
            written.folder.mkdir()
