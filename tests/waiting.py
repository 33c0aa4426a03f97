"""Waiting for a condition instead of sleeping; used by tests of real processes."""

import asyncio
import time
from collections.abc import Callable
from threading import Event

_NEVER = Event()


def wait_until(condition: Callable[[], bool], *, timeout: float = 20.0, what: str = "the condition") -> None:
    """Look every 10 ms until the condition holds; fail with its name after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {timeout} s")
        _NEVER.wait(0.01)


async def eventually(condition: Callable[[], bool], *, timeout: float = 20.0, what: str = "the condition") -> None:
    """Do the same on an event loop."""
    end = time.monotonic() + timeout
    tick = asyncio.Event()
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {timeout} s")
        try:
            async with asyncio.timeout(0.01):
                await tick.wait()
        except TimeoutError:
            continue
