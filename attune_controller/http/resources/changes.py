"""GET /v1/changes: what happens, as it happens, as server-sent events (WHATWG HTML, section 9.2).

In the table of `routes`. A stream begins where `Last-Event-ID` ended, or with `reset`; it ends when the controller stops.
"""

from collections.abc import AsyncIterator, Callable

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from attune_controller.http.call import Call
from attune_controller.http.errors import QueryInvalid, TooManyWatchers
from attune_controller.http.resources.executions import execution_named
from attune_core.wire.changes import KINDS, ExecutionChange, Told


async def follow_changes(call: Call) -> Response:
    """Stream what happens, each change after it was stored, as server-sent events.

    The event's name is one of `event`, `execution`, `queue`, `agent`, `revision`, `sensor` and `reset`; its data is one JSON document.
    After `reset` what is known may be old. `kinds` (with commas) and `execution` (number or id)
    narrow it. A comment comes at least every 10 s.
    """
    query = call.query("kinds", "execution")
    kinds = _kinds(query.text("kinds") or "")
    name = query.text("execution", most=64)
    execution = (await execution_named(call, name)).new.id if name else ""
    changes = call.parts.changes
    if not changes.enter():
        raise TooManyWatchers

    def is_wanted(change: Told) -> bool:
        return change.kind in kinds and (not execution or (isinstance(change, ExecutionChange) and change.id == execution))

    return _Feed(changes.follow(call.header("last-event-id") or "", is_wanted), changes.leave)


class _Feed(StreamingResponse):
    """The stream of one watcher, who has left when it is over."""

    def __init__(self, lines: AsyncIterator[bytes], leave: Callable[[], None]) -> None:
        # What stands between us and the watcher is not to wait for more of it, nor to compress it.
        super().__init__(lines, media_type="text/event-stream", headers={"x-accel-buffering": "no"})
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


def _kinds(text: str) -> frozenset[str]:
    wanted = frozenset(text.split(",")) if text else frozenset(KINDS)
    if unknown := sorted(wanted - set(KINDS)):
        raise QueryInvalid(f"kinds: there is no kind {unknown[0][:64]!r}; there are: {', '.join(KINDS)}")
    return wanted
