"""How much an environment may take of the disk, watched while it grows.

Called by `build`. A registry can serve anything: a package of a few megabytes may unpack to as many gigabytes.
"""

import asyncio
import os
import stat
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path

from attune_agent.preparation_errors import EnvironmentTooLarge, EnvironmentUnhealthy

#: How often a growing tree is measured; seconds. The end of the installation is waited for, not looked for.
_LOOK_AGAIN = 2.0


@dataclass(frozen=True, kw_only=True)
class TreeLimits:
    """Bounds of one environment: bytes on disk and number of files and folders."""

    size: int = 4 << 30
    entries: int = 500_000


async def within_limits(work: Coroutine[None, None, None], tree: Path, limits: TreeLimits) -> tuple[int, int]:
    """Do the work, and end it as soon as the tree is beyond the limits; return bytes on disk and entries of what it left.

    At the end every folder must be readable. No file may be setuid: npm unpacks such ones, and the build user owns every environment.
    """
    measured = (0, 0)
    task = asyncio.create_task(work)
    try:
        done = False
        while not done:
            await asyncio.wait({task}, timeout=_LOOK_AGAIN)
            done = task.done()
            measured = await asyncio.to_thread(_measure, tree, limits, done=done)
            _refuse_excess(measured, limits)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
    await task
    return measured


def _refuse_excess(measured: tuple[int, int], limits: TreeLimits) -> None:
    size, entries = measured
    if size > limits.size:
        raise EnvironmentTooLarge(f"the environment takes more than {limits.size >> 20} MiB")
    if entries > limits.entries:
        raise EnvironmentTooLarge(f"the environment has more than {limits.entries} files")


def _measure(tree: Path, limits: TreeLimits, *, done: bool) -> tuple[int, int]:
    """Return bytes on disk and entries; stops at the first excess. What vanishes while it is looked at counts nothing."""
    size = entries = 0
    folders = [str(tree)]
    while folders and size <= limits.size and entries <= limits.entries:
        try:
            with os.scandir(folders.pop()) as found:
                for entry in found:
                    entries += 1
                    state = entry.stat(follow_symlinks=False)
                    size += state.st_blocks * 512
                    if stat.S_ISREG(state.st_mode) and state.st_mode & (stat.S_ISUID | stat.S_ISGID):
                        raise EnvironmentUnhealthy("a package brought a program that makes whoever runs it the build user (setuid, setgid)")
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except FileNotFoundError:
            continue
        except PermissionError as error:
            if done:
                raise EnvironmentUnhealthy("a package brought a folder that only the build user can read") from error
    return size, entries
