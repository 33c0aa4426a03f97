"""Replies: the answers given under an Idempotency-Key, so that a repeated request does nothing twice.

Used by the guard for endpoints whose rows say so. It is memory only, because such answers hold tokens, which are stored nowhere; after a
restart the store's own rules hold (a token's name is taken, a join token is spent). Events are deduplicated by the store instead.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from attune_controller.bounds import Bound
from attune_controller.http.errors import IdempotencyKeyReused
from attune_core.ports import Clock

#: Seconds an answer is kept, and how many are kept at most.
LIFE, KEPT = 900.0, 1024


@dataclass(frozen=True)
class _Reply:
    digest: str
    until: float
    answer: "asyncio.Future[Response]"


class Replies:
    """The latest answers by key."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock that ends their life."""
        self._clock = clock
        self._kept: OrderedDict[tuple[str, ...], _Reply] = OrderedDict()

    def bounds(self) -> tuple[Bound, ...]:
        """Say how many answers are kept."""
        return (Bound(name="replies", depth=len(self._kept), limit=KEPT),)

    async def once(self, key: tuple[str, ...], digest: str, make: Callable[[], Awaitable[Response]]) -> Response:
        """Make an answer, or return the one made under this key; `digest` is of the request and must be the same again.

        A request that failed is not remembered: it may be tried again. One that is still under way is waited for.
        """
        self._drop_old()
        if known := self._kept.get(key):
            if known.digest != digest:
                raise IdempotencyKeyReused
            return await asyncio.shield(known.answer)
        reply = _Reply(digest, self._clock.monotonic() + LIFE, asyncio.get_running_loop().create_future())
        self._kept[key] = reply
        try:
            answer = await make()
        except BaseException as error:
            self._kept.pop(key, None)
            reply.answer.set_exception(error if isinstance(error, Exception) else ConnectionAbortedError())
            reply.answer.exception()  # whether or not somebody waits for it
            raise
        reply.answer.set_result(answer)
        return answer

    def _drop_old(self) -> None:
        now = self._clock.monotonic()
        while self._kept:
            key, oldest = next(iter(self._kept.items()))
            if oldest.until > now and len(self._kept) < KEPT:
                return
            del self._kept[key]
