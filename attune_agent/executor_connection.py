"""One connection to the executor: questions with numbers, their answers, and what it says unasked.

`executor_link` opens one after the other and lives across them. When a connection ends, every open question fails with
`ExecutorUnreachable`: whether it was acted upon is unknown, asking again tells.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from attune_agent.executor import fields as read
from attune_agent.executor.fields import Fields, FieldWrong
from attune_agent.executor.protocol import LINE_LIMIT, SOCKET_NAME
from attune_agent.executor_errors import (
    AttemptUnknown,
    ExecutorIncompatible,
    ExecutorReplaced,
    ExecutorUnreachable,
    GrantMissing,
    RequestMalformed,
    StartRefused,
)
from attune_core.errors import AttuneError

#: How long what nobody waits for may itself wait for a question to go with, seconds.
_SOON = 0.05

_REFUSALS: Mapping[str, type[AttuneError]] = {
    "no_slot": StartRefused,
    "busy_host": StartRefused,
    "journal_full": StartRefused,
    "stopping": StartRefused,
    "dropped": StartRefused,
    "other_state": ExecutorReplaced,
    "unknown": AttemptUnknown,
    "bad_request": RequestMalformed,
    "protocol": ExecutorIncompatible,
    "not_granted": GrantMissing,
}


class ExecutorConnection(asyncio.Protocol):
    """Both directions of one connection; a protocol and no stream, which would cost a turn of the loop for each message."""

    def __init__(self, hear: Callable[[Fields], None]) -> None:
        self._hear = hear
        self._asked: dict[int, asyncio.Future[Fields]] = {}
        self._number = 0
        self._rest = self._ahead = b""
        self._transport: asyncio.Transport | None = None
        self._gone = asyncio.Event()
        self._wrong: FieldWrong | None = None

    async def ask(self, kind: str, message: Mapping[str, object], word: Callable[[], Awaitable[None]] | None = None) -> Fields:
        """Return the answer; a refusal raises the error that stands for it.

        `word`: a start that waits for it; it may begin when this returns, and is dropped when it raises.
        """
        line = self._line(kind, message)
        if len(line) > LINE_LIMIT:
            raise RequestMalformed(f"the request has {len(line)} bytes, more than {LINE_LIMIT}")
        if self._transport is None:
            raise ExecutorUnreachable
        number, answer = self._number, asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            self._write(line)
            if word is not None:
                await self._give_word(message, word)
            reply: Fields = await answer
        finally:
            del self._asked[number]
            if answer.done() and not answer.cancelled():
                answer.exception()  # looked at, if the word was not given and the connection has ended, too
        refused = reply.get("refused")
        if isinstance(refused, str):
            raise _REFUSALS.get(refused, RequestMalformed)(f"{refused}: {read.text(reply, 'detail', '')}")
        return reply

    def tell(self, kind: str, message: Mapping[str, object]) -> None:
        """Say something whose answer nobody waits for: with the next question, else soon."""
        if not self._ahead:
            asyncio.get_running_loop().call_later(_SOON, self._write)
        self._ahead += self._line(kind, message)

    async def over(self) -> None:
        """Wait until the connection has ended; `FieldWrong` when it ended because of what the other side said."""
        await self._gone.wait()
        if self._wrong is not None:
            raise self._wrong

    async def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._write()
            self._transport.close()
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (called by the event loop, as the next two are)."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Pass on what is complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        try:
            for line in lines:
                self._take(line)
            if len(self._rest) > LINE_LIMIT:
                raise FieldWrong("an endless line")
        except FieldWrong as error:
            self._wrong = error
            if self._transport is not None:
                self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - the loop's; why does not matter
        """Fail every open question."""
        self._transport = None
        self._gone.set()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ExecutorUnreachable("the connection to the executor ended before its answer"))

    async def _give_word(self, start: Mapping[str, object], word: Callable[[], Awaitable[None]]) -> None:
        key = {"execution": start["execution"], "attempt": start["attempt"]}
        try:
            await word()
        except BaseException:
            self._write(self._line("drop", key))
            raise
        self._write(self._line("begin", key))

    def _line(self, kind: str, message: Mapping[str, object]) -> bytes:
        self._number += 1
        return read.to_json({"id": self._number, "type": kind, **message}) + b"\n"

    def _write(self, line: bytes = b"") -> None:
        ahead, self._ahead = self._ahead, b""
        if self._transport is not None and ahead + line:
            self._transport.write(ahead + line)

    def _take(self, line: bytes) -> None:
        message = read.parse_object(line)
        if "id" not in message:
            self._hear(message)
            return
        answer = self._asked.get(read.whole(message, "id", 0, 1 << 53, -1))
        if answer is not None and not answer.done():
            answer.set_result(message)


async def open_connection(run: Path, hear: Callable[[Fields], None]) -> ExecutorConnection:
    """Connect to the executor whose `--run` directory this is; `OSError` when nobody listens."""
    folder = os.open(run, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # By way of the descriptor: a socket's address may have 107 bytes only, a path more.
        path = f"/proc/self/fd/{folder}/{SOCKET_NAME}"
        _, connection = await asyncio.get_running_loop().create_unix_connection(lambda: ExecutorConnection(hear), path)
    finally:
        os.close(folder)
    return connection
