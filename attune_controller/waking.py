"""Waking: sleeps until it is woken, or until a moment of the wall clock may have come.

The controller's loops that have something due at a time of day call it. Nobody says when a wall clock is set, or that the host was
suspended: who slept until a moment that a clock set back had moved ten years away would sleep for ten years. So nobody sleeps long.
"""

import asyncio
from contextlib import suppress

#: The longest sleep towards a moment, seconds.
LOOK = 5.0


async def woken(work: asyncio.Event, left: float | None, *, longest: float = LOOK) -> None:
    """Sleep until `work` is set or the seconds `left` are over (None: for ever), but not longer than `longest` seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(None if left is None else min(left, longest)):
            await work.wait()
