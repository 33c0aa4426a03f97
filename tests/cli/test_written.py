"""A file that a command writes is there whole or not at all, and never in the place of something else."""

import os
import stat
from pathlib import Path

import pytest

from attune_cli.errors import OutputUnwritable
from attune_cli.written import rewrite, written


def test_a_file_is_there_when_the_block_has_ended_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    place = tmp_path / "events.ndjson"
    with written(place) as stream:
        stream.write(b"whole")
        assert not place.exists()
    assert place.read_bytes() == b"whole"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_who_is_interrupted_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "events.ndjson"
    place.write_bytes(b"before")

    def interrupted() -> None:
        with written(place) as stream:
            stream.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [one.name for one in tmp_path.iterdir()] == ["events.ndjson"]
    assert place.read_bytes() == b"before"


def test_what_somebody_else_laid_beside_the_file_is_not_written_to(tmp_path: Path) -> None:
    other = tmp_path / "somebody's"
    other.write_bytes(b"theirs")
    (tmp_path / "events.ndjson.part").symlink_to(other)
    with written(tmp_path / "events.ndjson") as stream:
        stream.write(b"secret")
    assert other.read_bytes() == b"theirs"


def test_a_link_stays_one_and_a_pipe_takes_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with written(tmp_path / "link") as stream:
        stream.write(b"one")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"one"
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with written(tmp_path / "pipe") as stream:
        stream.write(b"two")
    assert os.read(reader, 10) == b"two"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    os.close(reader)


def test_a_file_that_is_written_anew_keeps_its_mode(tmp_path: Path) -> None:
    place = tmp_path / "rule.yaml"
    place.write_bytes(b"before")
    place.chmod(0o664)
    rewrite(place, b"after")
    assert place.read_bytes() == b"after"
    assert stat.S_IMODE(place.stat().st_mode) == 0o664
    with pytest.raises(OutputUnwritable):
        rewrite(tmp_path / "missing" / "rule.yaml", b"")


def test_a_link_in_the_place_of_a_repository_s_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "profile").write_bytes(b"mine")
    (tmp_path / "rule.json").symlink_to(tmp_path / "profile")
    rewrite(tmp_path / "rule.json", b"{}")
    assert (tmp_path / "profile").read_bytes() == b"mine"
    assert (tmp_path / "rule.json").read_bytes() == b"{}"
