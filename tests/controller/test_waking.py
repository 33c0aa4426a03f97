"""Waking: a moment of the wall clock is not slept towards for long, for the clock may be set meanwhile."""

import asyncio

from attune_controller.waking import woken


async def test_nobody_sleeps_longer_than_the_longest_sleep() -> None:
    async with asyncio.timeout(30):
        await woken(asyncio.Event(), 10 * 365 * 86400.0, longest=0.01)


async def test_who_is_woken_sleeps_no_longer() -> None:
    work = asyncio.Event()
    sleeping = asyncio.create_task(woken(work, None))
    await asyncio.sleep(0)
    assert not sleeping.done()
    work.set()
    async with asyncio.timeout(30):
        await sleeping
