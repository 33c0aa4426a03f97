"""An executor alone, as the benchmarks of it start one: journal and logs on disk, private directories in memory, the agent's link to it.

`start` and `logs` measure with it. As root each slot has a uid of its own, as on a host; without root the figures say so.
"""

import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from attune_agent.executor_link import ExecutorLink
from attune_agent.host import Ended, StartRequest
from attune_cli.local.program import Program, module
from attune_cli.local.uid_block import uid_block

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None  # noqa: S108 - a fresh directory is made in it
_names = count()


@dataclass(frozen=True)
class Hosting:
    """What a benchmark holds."""

    link: ExecutorLink
    executor: Program
    uids: range | None
    #: The directory in memory that holds the private ones.
    memory: Path
    #: The one with journal and logs.
    disk: Path

    async def run(self, request: StartRequest) -> Ended:
        """Start it, wait for its end, and let it be forgotten."""
        await self.link.start(request)
        ended = await self.link.wait(request.execution, request.attempt)
        await self.link.forget(request.execution, request.attempt)
        return ended


@asynccontextmanager
async def hosting(slots: int, python: str = sys.executable) -> AsyncIterator[Hosting]:
    """Yield a running executor of this interpreter."""
    with (
        tempfile.TemporaryDirectory(prefix="attune-bench-") as disk,
        tempfile.TemporaryDirectory(prefix="attune-bench-", dir=MEMORY) as memory,
        uid_block() as uids,
    ):
        place, run = Path(disk), Path(memory)
        for directory in (place, run):
            directory.chmod(0o711)
        argv = [*module("attune_agent.executor.main", python=python), "run", "--run", str(run), "--slots", str(slots)]
        argv += [part for name in ("state", "logs", "environments") for part in (f"--{name}", str(place / name))]
        argv += ["--uids", f"{uids[0]}-{uids[-1]}"] if uids is not None else []
        executor = Program("executor", argv, place / "executor.log")
        try:
            executor.wait_until((run / "executor.sock").exists)
            async with ExecutorLink(run) as link:
                await link.greeting()
                yield Hosting(link, executor, uids, run, place)
        finally:
            executor.stop()


def request(*argv: str, document: bytes = b"", timeout: float = 60.0) -> StartRequest:
    """Return a request with a name of its own."""
    return StartRequest(
        execution=f"bench-{next(_names)}",
        attempt=1,
        argv=argv,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        cwd="/",
        input=document,
        timeout=timeout,
    )
