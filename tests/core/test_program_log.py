"""The programs' own logs are bounded where nobody else bounds them: a file keeps its end, a pipe is left alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

from attune_core.program_log import shorten

LOUD = """\
import structlog
from attune_core import program_log
from attune_core.program_log import configure_log
program_log.shorten.__kwdefaults__.update(most=100_000, kept=20_000)
configure_log()
for number in range(5000):
    structlog.get_logger("test").info("said", number=number, padding="x" * 100)
"""


def test_a_file_keeps_its_last_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(b"line %04d\n" % number for number in range(100)))
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        shorten(descriptor, most=1000, kept=95)
        assert path.stat().st_size == 1000, "as much as is allowed"
        os.write(descriptor, b"line 0100\n")
        shorten(descriptor, most=1000, kept=95)
        os.write(descriptor, b"line 0101\n")
    finally:
        os.close(descriptor)
    assert path.read_text().splitlines() == [f"line {number:04d}" for number in range(92, 102)]


def test_a_program_that_says_much_fills_no_disk_and_no_line_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as file:
        subprocess.run([sys.executable, "-c", LOUD], stderr=file, check=True, timeout=60)
    assert 20_000 < path.stat().st_size < 101_000
    numbers = [json.loads(line)["number"] for line in path.read_bytes().splitlines()]
    assert numbers == list(range(5000 - len(numbers), 5000))


def test_a_pipe_is_left_to_its_reader() -> None:
    done = subprocess.run([sys.executable, "-c", LOUD], stderr=subprocess.PIPE, check=True, timeout=60)
    assert len(done.stderr.splitlines()) == 5000
