"""MB/s of the log pump, with 0, 1, 3 and 10 secrets to mask, beside a plain file and Python's RotatingFileHandler, in the same run.

What is pumped are lines of about 90 bytes that `cat` writes from memory to standard error. Ours is a real executor: seconds from the start
of the action until nothing of it is left and all its output is in the bounded log. The peers read the same pipe in this process. Rounds of
all alternate. `python -m benchmarks.logs [--mib 512] [--rounds 7] [--json]`.
"""

import argparse
import asyncio
import fcntl
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from logging.handlers import RotatingFileHandler
from pathlib import Path

from attune_agent.host import How
from attune_agent.masks import mask_forms
from benchmarks.figures import ratios, show, summary
from benchmarks.hosting import Hosting, hosting, request
from tests.measured import peak_of

#: Mebibytes of the file that is written again and again; the handler gets this part of all.
FILE, HANDLER_PART = 16, 32
SECRETS = (0, 1, 3, 10)
BOUND = 33 << 20


def lines(size: int, secret: str) -> bytes:
    """Return log lines of about this size; every thousandth shows the secret."""
    chance, parts = random.Random(1), list[str]()  # noqa: S311 - the same lines in each run
    length = 0
    while length < size:
        number = len(parts)
        said = f"token={secret}" if number % 1000 == 999 else f"path=/v1/executions/{chance.randrange(10**6)}"
        parts.append(
            f"2026-11-26T15:47:{number % 60:02d}.{chance.randrange(10**6):06d}Z info request {said} status=200 took={number % 97}ms\n"
        )
        length += len(parts[-1])
    return "".join(parts).encode()


def secrets(count: int) -> list[str]:
    """Return so many tokens; the first is always the same."""
    chance = random.Random(2)  # noqa: S311 - likewise
    return [chance.randbytes(16).hex() for _ in range(count)]


@dataclass
class Bench:
    """What is written, and MB/s of each way in each round."""

    file: Path
    times: int
    disk: Path
    found: dict[str, list[float]] = field(default_factory=dict)

    def note(self, name: str, size: int, seconds: float) -> None:
        self.found.setdefault(name, []).append(size / seconds / 1e6)

    async def ours(self, host: Hosting, count: int) -> None:
        """Let an action write everything to stderr."""
        argv = ("/bin/sh", "-c", 'exec cat "$@" >&2', "sh", *[str(self.file)] * self.times)
        ended = await host.run(replace(request(*argv, timeout=600), masks=mask_forms(secrets(count))))
        assert (ended.how, ended.exit_code) == (How.EXITED, 0), ended
        size = self.file.stat().st_size * self.times
        assert (ended.stderr_bytes == size) == (count == 0), "masked if there is what masks"
        self.note(f"ours, {count} secrets" if count != 1 else "ours, 1 secret", size, ended.duration)

    def plain(self) -> None:
        """Read the pipe into one growing file."""

        def copy(source: int) -> None:
            with (self.disk / "plain").open("wb", buffering=0) as file:
                while chunk := os.read(source, 256 << 10):
                    file.write(chunk)

        self._peer("plain file", self.times, copy)
        (self.disk / "plain").unlink()

    def handler(self) -> None:
        """Read the pipe line by line into a RotatingFileHandler with the same bound."""

        def log(source: int) -> None:
            handler = RotatingFileHandler(self.disk / "rotating", maxBytes=BOUND // 4, backupCount=3)
            with open(source, "rb", closefd=False) as file:
                for line in file:
                    handler.emit(logging.LogRecord("action", logging.INFO, "", 0, line[:-1].decode(), None, None))
            handler.close()

        self._peer("RotatingFileHandler, a line at a time", max(1, self.times // HANDLER_PART), log)

    def _peer(self, name: str, times: int, take: Callable[[int], None]) -> None:
        started = time.perf_counter()
        with subprocess.Popen(["/bin/cat", *[str(self.file)] * times], stdout=subprocess.PIPE) as cat:
            assert cat.stdout is not None
            fcntl.fcntl(cat.stdout, fcntl.F_SETPIPE_SZ, 1 << 20)
            take(cat.stdout.fileno())
        self.note(name, self.file.stat().st_size * times, time.perf_counter() - started)


async def measure(mebibytes: int, rounds: int) -> Iterator[tuple[str, str]]:
    """Return the figures as texts."""
    async with hosting(1) as host:
        with tempfile.TemporaryDirectory(prefix="attune-bench-") as disk:
            file = host.memory / "lines"
            file.write_bytes(lines(FILE << 20, secrets(1)[0]))
            bench = Bench(file, max(1, mebibytes // FILE), Path(disk))
            for _ in range(rounds):
                for count in SECRETS:
                    await bench.ours(host, count)
                bench.plain()
                bench.handler()
            peak = max(peak_of(pid) for pid in (host.executor.pid, *_children(host.executor.pid)))
    figures = {f"{name}, MB/s": summary(found) for name, found in bench.found.items()}
    plain, slow = bench.found["plain file"], bench.found["RotatingFileHandler, a line at a time"]
    figures["ours with 3 secrets, x plain file"] = ratios(bench.found["ours, 3 secrets"], plain)
    figures["ours with 3 secrets, x RotatingFileHandler"] = ratios(bench.found["ours, 3 secrets"], slow)
    figures["most memory of the executor or a keeper, MiB"] = f"{peak / 2**20:.1f}"
    return iter(figures.items())


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--mib", type=int, default=512)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    found = dict(asyncio.run(measure(chosen.mib, chosen.rounds)))
    show(f"{chosen.rounds} rounds of {chosen.mib} MiB; median (least…most)", found, as_json=chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
