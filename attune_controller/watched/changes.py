"""Changes: what has just happened, kept for those who watch it; a ring in memory, and for each watcher a number in it.

Told by `telling` after commits, read by the route /v1/changes. While nobody watches nothing is kept, so that it costs the path of an event
nothing; the last watcher's going is waited out for LINGER, so that it finds its place when it comes back. Nothing grows per watcher: one
that reads too slowly for the ring is told so, and reads the pages again.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from attune_controller.bounds import Bound
from attune_core.ports import Clock, Random
from attune_core.wire.changes import Reset, Told

#: Changes kept, watchers at once (fewer than one address may have connections), and changes in one write.
KEPT, MOST, BATCH = 4096, 48, 512
#: Seconds for which changes are still kept when the last watcher has gone, between two writes to one watcher, and between signs of life.
LINGER, PACE, QUIET = 60.0, 0.1, 10.0

_ID = re.compile(r"([0-9a-f]{8})-([0-9]{1,18})", re.ASCII)
Wanted = Callable[[Told], bool]


@dataclass(slots=True)
class _Kept:
    """One change, and its line once somebody has read it."""

    change: Told
    line: bytes = b""


class Changes:
    """The latest changes, numbered from the start of the controller."""

    def __init__(self, clock: Clock, random: Random) -> None:
        """Begin without watchers; numbers of another life of the controller are told from this one's."""
        self._clock, self._life = clock, random.bytes(4).hex()
        self._ring: list[_Kept | None] = [None] * KEPT
        #: The last number given, and the one before the first that is kept.
        self._last = self._before = 0
        self._watchers, self._until = 0, 0.0
        self._news, self._awaited, self._over = asyncio.Event(), False, False
        #: Whether anybody may want to hear; asked before a change is put together.
        self.live = False

    def bounds(self) -> tuple[Bound, ...]:
        """Say how many watch."""
        return (Bound(name="watchers", depth=self._watchers, limit=MOST),)

    def enter(self) -> bool:
        """Let one more watch; False when there are too many. Who was let in calls `leave`."""
        if self._watchers >= MOST:
            return False
        if not self.live:
            self.live, self._before = True, self._last
        self._watchers += 1
        return True

    def leave(self) -> None:
        """One watches no more."""
        self._watchers -= 1
        self._until = self._clock.monotonic() + LINGER

    def tell(self, change: Told) -> None:
        """Keep a change, unless nobody has watched for a while."""
        if not self._watchers and self._clock.monotonic() > self._until:
            self.live, self._ring = False, [None] * KEPT
            return
        self._last += 1
        self._ring[self._last % KEPT] = _Kept(change)
        self._wake()

    def unsure(self) -> None:
        """More has changed than can be told one by one: everybody reads the pages again."""
        self._last += 1
        self._before = self._last
        self._wake()

    def close(self) -> None:
        """Let every stream end: the controller is stopping."""
        self._over = True
        self._wake()

    async def follow(self, last: str, wanted: Wanted) -> AsyncIterator[bytes]:
        """Yield what comes after the id `last` (none: from now on) and is wanted, as server-sent events, until `close`."""
        at, why = self._place(last)
        said = self._clock.monotonic()
        while not self._over:
            if at < self._first():
                at = self._last
                yield self._block(at, "reset", Reset(why=why).model_dump_json())
                why, said = "too_slow", self._clock.monotonic()
            elif at < self._last:
                until = min(self._last, at + BATCH)
                lines = b"".join([self._line(number) for number in range(at + 1, until + 1) if self._is_wanted(number, wanted)])
                at = until
                if lines:
                    yield lines
                    said = self._clock.monotonic()
                await self._clock.sleep(PACE)  # what comes in bursts goes in one write
            elif self._clock.monotonic() - said >= QUIET:
                # The id too: who wants little keeps its place while much happens.
                yield b": nothing new\n" + self._id(at)
                said = self._clock.monotonic()
            else:
                await self._wait(max(QUIET - (self._clock.monotonic() - said), 0.01))

    def _place(self, last: str) -> tuple[int, str]:
        """Return the number to go on from, and what a reset there would be for."""
        found = _ID.fullmatch(last)
        if not last:
            return -1, "begin"
        if not found or found[1] != self._life or int(found[2]) > self._last:
            return -1, "restarted"
        return int(found[2]), "too_old"

    def _first(self) -> int:
        """Return the lowest number that one can go on from."""
        return max(self._before, self._last - KEPT)

    def _is_wanted(self, number: int, wanted: Wanted) -> bool:
        kept = self._ring[number % KEPT]
        return kept is not None and wanted(kept.change)

    def _line(self, number: int) -> bytes:
        kept = self._ring[number % KEPT]
        if kept is None:
            return b""
        kept.line = kept.line or self._block(number, kept.change.kind, kept.change.model_dump_json())
        return kept.line

    def _block(self, number: int, kind: str, data: str) -> bytes:
        return f"event: {kind}\ndata: {data}\n".encode() + self._id(number)

    def _id(self, number: int) -> bytes:
        return f"id: {self._life}-{number}\n\n".encode()

    def _wake(self) -> None:
        if self._awaited:
            self._awaited, woken, self._news = False, self._news, asyncio.Event()
            woken.set()

    async def _wait(self, seconds: float) -> None:
        self._awaited, news = True, self._news
        try:
            async with asyncio.timeout(seconds):
                await news.wait()
        except TimeoutError:
            return
