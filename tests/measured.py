"""What a program costs: its processor seconds and its largest memory, of that program alone.

Used by tests of bounds. A child's largest memory counts the memory of who started it until it is a program of its own, so a small
program of ours (this file, run as one) stands between a large test session and what is measured.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One finished program; `peak` is in bytes, `seconds` of processor time, which a busy machine does not stretch."""

    status: int
    stdout: str
    stderr: str
    seconds: float
    peak: int


def measured(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float = 60) -> Measured:
    """Run a program to its end and return what it said and what it cost."""
    reading, writing = os.pipe()
    try:
        between = [sys.executable, "-S", "-E", __file__, str(writing), *argv]
        done = subprocess.run(
            between,
            cwd=cwd,
            env=env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            pass_fds=[writing],
            stdin=subprocess.DEVNULL,
        )
    finally:
        os.close(writing)
    with os.fdopen(reading) as report:
        status, seconds, peak = cast("tuple[int, float, int]", json.loads(report.read()))
    return Measured(status=status, stdout=done.stdout, stderr=done.stderr, seconds=seconds, peak=peak)


def peak_of(pid: int) -> int:
    """Return the most memory that a living process ever had (VmHWM), in bytes."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def _main(report: int, argv: list[str]) -> None:
    pid = os.posix_spawn(argv[0], argv, os.environ)
    _, status, usage = os.wait4(pid, 0)
    found = (os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
    os.write(report, json.dumps(found).encode())


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2:])
