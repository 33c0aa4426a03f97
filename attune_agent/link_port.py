"""The Link port: one controller as the agent sees it, whoever carries the bytes; one of the five ports of design §4.

Used by the uplink (a session) and by packs (content by digest); `link.HttpLink` is the real one, simulations bring their own.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from attune_core.wire.inventory import Inventory
from attune_core.wire.session import Hello, Stored, Welcome


class Link(Protocol):
    """Errors are `ControllerUnreachable`, `ControllerUntrusted`, `SessionEnded`, `SessionRefused` and `FrameRefused`."""

    async def hello(self, hello: Hello) -> Welcome:
        """Open a session; a newer one ends the older."""
        ...

    def stream(self, session: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open the session's stream: NDJSON in chunks of any size; its end is the session's."""
        ...

    async def post(self, session: str, frames: bytes) -> Stored:
        """Send NDJSON frames; the answer says up to which number they are durable."""
        ...

    async def inventory(self, session: str, page: Inventory) -> None:
        """Say what is held, when the welcome asked; the page is durable when this returns."""
        ...

    def pack(self, digest: str) -> AsyncIterator[bytes]:
        """Yield the tar with that sha256 in chunks, unchecked; `PackNotServed` when the controller does not have it."""
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...
