"""The writer of a spool: whole segments, and nothing lost while a segment or room on the disk is missing."""

import os
from pathlib import Path

from attune_agent.executor.spool import Spool, SpoolBounds, segment_number, segment_path

BOUNDS = SpoolBounds(segment=10, segments=3)


def give(spool: Spool, place: Path) -> None:
    assert spool.wants is not None
    spool.give(os.open(segment_path(place, spool.wants), os.O_WRONLY | os.O_CREAT, 0o600), None)


def test_bytes_go_into_segments_of_one_size_each_asked_for_when_it_is_needed(tmp_path: Path) -> None:
    spool, content, at = Spool(BOUNDS), memoryview(bytes(range(35))), 0
    asked = []
    while at < len(content):
        at += spool.write(content[at:])
        if spool.blocked:
            asked.append(spool.wants)
            assert spool.write(content[at:]) == 0
            give(spool, tmp_path)
    spool.close()
    assert asked == [0, 1, 2, 3]
    assert [segment_path(tmp_path, number).read_bytes() for number in range(4)] == [
        bytes(range(10)),
        bytes(range(10, 20)),
        bytes(range(20, 30)),
        bytes(range(30, 35)),
    ]
    assert spool.total == 35


def test_a_full_disk_takes_nothing_and_loses_nothing(tmp_path: Path) -> None:
    spool, content = Spool(BOUNDS), memoryview(b"0123456789ab")
    assert spool.write(content) == 0
    full = os.open("/dev/full", os.O_WRONLY)
    spool.give(full, None)
    assert (spool.write(content), spool.broken, spool.blocked, spool.wants) == (0, True, True, None)
    with segment_path(tmp_path, 0).open("wb") as file:
        os.dup2(file.fileno(), full)  # room came back
    spool.mend()
    assert (spool.write(content), spool.wants) == (10, 1)
    spool.refuse()
    assert (spool.blocked, spool.wants) == (True, None)
    spool.mend()
    assert (spool.write(content[10:]), spool.wants) == (0, 1)
    give(spool, tmp_path)
    assert spool.write(content[10:]) == 2
    spool.close()
    assert segment_path(tmp_path, 0).read_bytes() + segment_path(tmp_path, 1).read_bytes() == bytes(content)


def test_what_is_no_segment_has_no_number() -> None:
    assert segment_number(segment_path(Path("/x"), 7).name) == 7
    assert [segment_number(name) for name in ("stdout", "stdout-", "stdout-x", "stderr.head", "stdout-١")] == [None] * 5
