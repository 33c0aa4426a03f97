"""The journal: what is durable, what a crash may leave, what is damage, and that it stays small."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_agent.executor import frames as frames_module
from attune_agent.executor import journal as journal_module
from attune_agent.executor.commit import GroupCommit, PendingStart
from attune_agent.executor.fields import Fields
from attune_agent.executor.frames import HEADER, JournalDamaged, JournalForeign, decode_segment, encode_frame, encode_header
from attune_agent.executor.journal import Journal, JournalBroken, JournalFull, JournalUnreadable
from attune_agent.executor.ledger import Held, Ledger
from attune_agent.executor.outcomes import lost_outcome


def _held(name: str, attempt: int = 1) -> Held:
    return Held(name, attempt, "attempt", 1, f"/logs/{name}/{attempt}")


def _content(*frames: list[Fields], size: int = 1 << 16) -> bytes:
    raw = encode_header(1) + b"".join(map(encode_frame, frames))
    return raw + bytes(max(0, size - len(raw)))


_FRAMES: tuple[list[Fields], ...] = ([{"t": "a", "n": 1}], [{"t": "b", "text": "x" * 700}, {"t": "c"}], [{"t": "d", "n": 4}])
_WHOLE = _content(*_FRAMES)
_RECORDS = [record for frame in _FRAMES for record in frame]
_END = len(_WHOLE.rstrip(b"\0"))


def test_a_segment_gives_back_its_records_in_order() -> None:
    assert decode_segment(_WHOLE) == _RECORDS


@given(st.integers(0, _END))
@settings(deadline=None)  # a shared machine is no measure
def test_a_file_cut_at_any_byte_gives_the_frames_before_the_cut(length: int) -> None:
    records = decode_segment(_WHOLE[:length])
    assert records == _RECORDS[: len(records)]
    complete = [end for end in _ends() if end <= length]
    assert len(records) == sum(map(len, _FRAMES[: len(complete)]))


@given(st.integers(0, _END - 1), st.integers(1, 255))
@settings(max_examples=400, deadline=None)
def test_a_byte_that_is_flipped_anywhere_is_damage_and_never_a_shorter_history(at: int, change: int) -> None:
    flipped = bytearray(_WHOLE)
    flipped[at] ^= change
    if HEADER.size - 10 <= at < HEADER.size:  # reserved bytes and the number, which the file's name has too
        return
    with pytest.raises((JournalDamaged, JournalForeign)):
        decode_segment(bytes(flipped))


@given(st.integers(0, _END), st.integers(0, 3))
@settings(deadline=None)  # a shared machine is no measure
def test_a_write_of_which_whole_sectors_never_arrived_is_no_damage_if_nothing_follows(at: int, sectors: int) -> None:
    """The last frame is written over sector borders; the disk has only some of its sectors when the power goes."""
    big = encode_frame([{"t": "e", "text": "y" * 3000}])
    start = _END
    torn = bytearray(_WHOLE[:start] + big + bytes(8192))
    border = (start // 512 + 1 + sectors) * 512
    torn[border : border + 512] = bytes(512)
    assert decode_segment(bytes(torn)) == _RECORDS
    followed = bytes(torn[: start + len(big)]) + encode_frame([{"t": "f"}])
    with pytest.raises(JournalDamaged):
        decode_segment(followed + bytes(4096))
    assert at >= 0


def _ends() -> list[int]:
    ends, at = [], HEADER.size
    for frame in _FRAMES:
        at += len(encode_frame(frame))
        ends.append(at)
    return ends


def test_a_version_of_later_times_is_refused() -> None:
    later = encode_header(1)[:4] + b"\0\x09" + encode_header(1)[6:]
    with pytest.raises(JournalForeign):
        decode_segment(later + bytes(100))


def test_a_journal_of_later_times_is_named_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "0000000001.journal").write_bytes(encode_header(1)[:4] + b"\0\x09" + encode_header(1)[6:] + bytes(100))
    with pytest.raises(JournalUnreadable, match="journal version 9"):
        Journal(tmp_path, list).read()


@pytest.mark.parametrize("payload", [b"{}", b"[1]", b"no JSON"])
def test_records_that_check_and_cannot_be_read_are_damage(payload: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames_module, "to_json", lambda _records: payload)
    segment = encode_header(1) + encode_frame([]) + bytes(100)
    with pytest.raises(JournalDamaged, match="not readable"):
        decode_segment(segment)


def test_damage_names_file_and_offset_and_leaves_the_file(tmp_path: Path) -> None:
    flipped = bytearray(_WHOLE)
    flipped[_ends()[0] + 40] ^= 1
    path = tmp_path / "0000000001.journal"
    path.write_bytes(flipped)
    with pytest.raises(JournalUnreadable, match=rf"0000000001\.journal: .* at byte {_ends()[0]}"):
        Journal(tmp_path, list).read()
    assert path.read_bytes() == bytes(flipped)


def test_everything_not_forgotten_is_restated_and_older_segments_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "SEGMENT", 8192)
    ledger = Ledger()
    ledger.apply({"t": "life", "life": "one", "boot": "b"})
    journal = Journal(tmp_path, ledger.restated)
    journal.begin_segment()
    commit = GroupCommit(journal, ledger)
    for number in range(1, 200):
        held = _held("many", number)
        commit.start(PendingStart(held, lambda: None, lambda _: None))
        commit.commit(0.0)
        commit.end(lost_outcome(held, "test"), lambda: None)
        commit.commit(0.0)
        if number % 60:
            commit.loose({"t": "forget", "execution": "many", "attempt": number})
        commit.commit(0.0)
        assert len(list(tmp_path.iterdir())) == 1
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 5 * 8192
    again = _read(tmp_path)
    assert [(held.attempt, held.state) for held in again.all()] == [(number, "ended") for number in (60, 120, 180)]
    assert [held.outcome for held in again.all()] == [held.outcome for held in ledger.all()]
    assert again.life == "one"


def test_a_crash_between_a_new_segment_and_the_removal_of_the_old_changes_nothing(tmp_path: Path) -> None:
    ledger = Ledger()
    ledger.apply({"t": "life", "life": "one", "boot": "b"})
    journal = Journal(tmp_path, ledger.restated)
    journal.begin_segment()
    commit = GroupCommit(journal, ledger)
    for name in ("a", "b"):
        commit.start(PendingStart(_held(name), lambda: None, lambda _: None))
    commit.commit(0.0)
    commit.end(lost_outcome(_held("a"), "test"), lambda: None)
    commit.commit(0.0)
    first = tmp_path / "0000000001.journal"
    kept = first.read_bytes()
    journal.begin_segment()
    assert not first.exists()
    first.write_bytes(kept)
    assert [(held.execution, held.state) for held in _read(tmp_path).all()] == [("a", "ended"), ("b", "accepted")]


def test_a_segment_that_a_crash_left_empty_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "0000000001.journal").write_bytes(_WHOLE)
    (tmp_path / "0000000002.journal").write_bytes(bytes(1 << 16))
    assert Journal(tmp_path, list).read() == _RECORDS


def _read(directory: Path) -> Ledger:
    ledger = Ledger()
    for record in Journal(directory, list).read():
        ledger.apply(record)
    return ledger


class _Calls:
    """What happened, in order: syncs and what they let happen."""

    def __init__(self, directory: Path) -> None:
        self.seen: list[str] = []
        self.broken = False
        self.ledger = Ledger()
        self.journal = Journal(directory, self.ledger.restated, self.sync)
        self.journal.begin_segment()
        self.commit = GroupCommit(self.journal, self.ledger)

    def sync(self, descriptor: int) -> None:
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        os.fdatasync(descriptor)
        self.seen.append("sync")

    def start(self, name: str) -> None:
        self.commit.start(
            PendingStart(_held(name), lambda: self.seen.append(f"give {name}"), lambda why: self.seen.append(f"refuse {name}: {why}"))
        )

    def end(self, name: str) -> None:
        self.commit.end(lost_outcome(_held(name), "test"), lambda: self.seen.append(f"tell {name}"))


def test_one_sync_stands_before_all_starts_and_ends_of_a_turn(tmp_path: Path) -> None:
    calls = _Calls(tmp_path)
    calls.start("a")
    calls.start("b")
    calls.commit.commit(0.0)
    calls.end("a")
    calls.start("c")
    assert calls.seen == ["sync", "give a", "give b"]
    calls.commit.commit(0.0)
    calls.commit.commit(0.0)
    assert calls.seen[3:] == ["sync", "give c", "tell a"]


def test_what_was_handed_in_is_known_until_it_is_written(tmp_path: Path) -> None:
    calls = _Calls(tmp_path)
    calls.start("a")
    calls.end("b")
    assert (calls.commit.is_pending(("a", 1)), calls.commit.ends_waiting) == (True, True)
    calls.commit.commit(0.0)
    assert (calls.commit.is_pending(("a", 1)), calls.commit.ends_waiting) == (False, False)


def test_the_end_of_a_start_that_fails_at_once_is_written_in_the_next_turn(tmp_path: Path) -> None:
    calls = _Calls(tmp_path)
    calls.commit.start(PendingStart(_held("a"), lambda: calls.end("a"), lambda _why: None))
    calls.commit.commit(5.0)
    assert (calls.seen, calls.commit.wake_at) == (["sync"], 5.0)
    calls.commit.commit(5.0)
    assert calls.seen == ["sync", "sync", "tell a"]


def test_what_needs_no_sync_gets_none(tmp_path: Path) -> None:
    calls = _Calls(tmp_path)
    calls.commit.loose({"t": "forget", "execution": "x", "attempt": 1})
    calls.commit.commit(0.0)
    assert calls.seen == []
    assert [record["t"] for record in Journal(tmp_path, list).read()] == ["life", "forget"]


def test_a_failed_sync_ends_the_process_before_anything_is_started(tmp_path: Path) -> None:
    calls = _Calls(tmp_path)
    calls.start("a")
    calls.broken = True
    with pytest.raises(JournalBroken):
        calls.commit.commit(0.0)
    assert calls.seen == []


@contextmanager
def _full_disk(monkeypatch: pytest.MonkeyPatch, *, writes: Iterator[int]) -> Iterator[None]:
    """Every write takes half and then fails, as long as the context lasts; blanking still works."""
    real = os.pwrite

    def pwrite(descriptor: int, content: bytes, offset: int) -> int:
        if not content.strip(b"\0"):
            return real(descriptor, content, offset)
        if next(writes) % 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, content[: len(content) // 2], offset)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", pwrite)
        yield


def test_a_full_disk_refuses_starts_and_keeps_ends_until_there_is_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _Calls(tmp_path)
    calls.start("a")
    calls.commit.commit(0.0)
    calls.seen.clear()
    with _full_disk(monkeypatch, writes=count()):
        calls.start("b")
        calls.end("a")
        calls.commit.commit(10.0)
        assert calls.seen == ["refuse b: the journal: ENOSPC: No space left on device"]
        assert calls.commit.wake_at == 11.0
        calls.commit.commit(10.5)
        calls.commit.commit(11.0)
        assert len(calls.seen) == 1
    calls.commit.commit(20.0)
    assert calls.seen[1:] == ["sync", "tell a"]
    assert [(held.execution, held.state) for held in _read(tmp_path).all()] == [("a", "ended")]


def test_a_full_disk_where_not_even_the_blank_can_be_written_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _Calls(tmp_path)

    def pwrite(_descriptor: int, _content: bytes, _offset: int) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pwrite", pwrite)
    calls.start("a")
    with pytest.raises(JournalBroken):
        calls.commit.commit(0.0)


def test_no_segment_can_be_begun_on_a_full_disk_and_nothing_remains_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fallocate(_descriptor: int, _offset: int, _length: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", fallocate)
    with pytest.raises(JournalFull):
        Journal(tmp_path, list).begin_segment()
    assert list(tmp_path.iterdir()) == []
