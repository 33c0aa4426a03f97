"""What the executor says of itself fills no disk."""

import os
from pathlib import Path

import pytest

from attune_agent.executor import speech


def test_a_file_begins_anew_when_it_has_grown_and_a_terminal_or_journal_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "MOST", 1000)
    path = tmp_path / "executor.log"
    with path.open("w") as file:
        monkeypatch.setattr("sys.stderr", file)
        for number in range(500):
            speech.say(f"line {number}")
            assert path.stat().st_size < 1100
    assert path.read_text().endswith("attune-executor: line 499\n")
    assert "\0" not in path.read_text()
    read, write = os.pipe()
    with os.fdopen(write, "w") as pipe, os.fdopen(read) as other:
        monkeypatch.setattr("sys.stderr", pipe)
        speech.say("heard")
        assert other.readline() == "attune-executor: heard\n"
