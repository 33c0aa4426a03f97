"""Child process: a program run to its end with bounds on time, output and resources, in a process group of its own.

Called by git_source (git) and by the `load` step (the disposable reader of a revision). Nothing of the controller's environment reaches
the child but what the caller passes, and whatever happens to it, no process of its group is left.
"""

import asyncio
import os
import resource
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process, create_subprocess_exec
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

#: How long a child that was told to end may clean up (git removes its lock files); seconds.
GRACE = 2.0
_CHUNK = 64 << 10


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How it ended. A negative return code is the signal's number; what exceeded the bound of a stream was read and dropped."""

    returncode: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Seconds of wall time, bytes kept of each stream, bytes of one file the child may write (None: no bound)."""

    seconds: float
    output: int = 64 << 10
    file_size: int | None = None


async def run(argv: Sequence[str], *, env: Mapping[str, str], bounds: Bounds) -> Finished:
    """Run a program without a shell or stdin; `TimeoutError` when it takes too long, `FileNotFoundError` when there is none."""
    process = await create_subprocess_exec(*argv, env=dict(env), stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True)
    try:
        if bounds.file_size is not None:
            _limit_files(process.pid, bounds.file_size)
        async with asyncio.timeout(bounds.seconds), asyncio.TaskGroup() as group:
            stdout = group.create_task(_read(process.stdout, bounds.output))
            stderr = group.create_task(_read(process.stderr, bounds.output))
            returncode = await process.wait()
        return Finished(returncode=returncode, stdout=stdout.result(), stderr=stderr.result())
    finally:
        await _empty(process)


def _limit_files(pid: int, size: int) -> None:
    """Set the bound from outside: preexec_fn is unsafe beside threads, and what git starts later inherits it."""
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, size))


async def _read(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    kept = bytearray()
    while stream is not None and (chunk := await stream.read(_CHUNK)):
        kept += chunk[: max(0, limit - len(kept))]
    return bytes(kept)


async def _empty(process: Process) -> None:
    """End what is left of the group: politely while the child itself lives, and then at once."""
    if process.returncode is None:
        _signal_group(process.pid, signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await process.wait()
    _signal_group(process.pid, signal.SIGKILL)
    await process.wait()


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
