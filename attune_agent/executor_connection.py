"""One connection to the executor: questions with numbers, their answers, and what it says unasked.

`executor_link` opens one after the other and lives across them. When a connection ends, every open question fails with
`ExecutorUnreachable`: whether it was acted upon is unknown, asking again tells.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from attune_agent.executor import fields as read
from attune_agent.executor.fields import Fields
from attune_agent.executor.protocol import LINE_LIMIT, SOCKET_NAME
from attune_agent.executor_errors import (
    AttemptUnknown,
    ExecutorIncompatible,
    ExecutorReplaced,
    ExecutorUnreachable,
    RequestMalformed,
    StartRefused,
)
from attune_core.errors import AttuneError

_REFUSALS: Mapping[str, type[AttuneError]] = {
    "no_slot": StartRefused,
    "busy_host": StartRefused,
    "journal_full": StartRefused,
    "stopping": StartRefused,
    "other_state": ExecutorReplaced,
    "unknown": AttemptUnknown,
    "bad_request": RequestMalformed,
    "protocol": ExecutorIncompatible,
}


class ExecutorConnection:
    """Both directions of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hear: Callable[[Fields], None]) -> None:
        self._reader = reader
        self._writer = writer
        self._hear = hear
        self._asked: dict[int, asyncio.Future[Fields]] = {}
        self._number = 0
        self._over = False

    async def ask(self, kind: str, message: Mapping[str, object]) -> Fields:
        """Return the answer; a refusal raises the error that stands for it."""
        self._number += 1
        line = json.dumps({"id": self._number, "type": kind, **message}, separators=(",", ":")).encode() + b"\n"
        if len(line) > LINE_LIMIT:
            raise RequestMalformed(f"the request has {len(line)} bytes, more than {LINE_LIMIT}")
        if self._over:
            raise ExecutorUnreachable
        number, answer = self._number, asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            self._writer.write(line)
            with contextlib.suppress(OSError):  # the reading side tells of the end
                await self._writer.drain()
            reply: Fields = await answer
        finally:
            del self._asked[number]
        refused = reply.get("refused")
        if isinstance(refused, str):
            raise _REFUSALS.get(refused, RequestMalformed)(f"{refused}: {read.text(reply, 'detail', '')}")
        return reply

    async def listen(self) -> None:
        """Pass on what comes until the connection ends."""
        try:
            while line := await self._reader.readline():
                message = read.parse_object(line)
                answer = self._asked.get(read.whole(message, "id", 0, 1 << 53, -1) if "id" in message else -1)
                if answer is not None and not answer.done():
                    answer.set_result(message)
                elif "id" not in message:
                    self._hear(message)
        finally:
            self._end()

    async def close(self) -> None:
        """End the connection."""
        self._end()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def _end(self) -> None:
        self._over = True
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ExecutorUnreachable("the connection to the executor ended before its answer"))


async def open_connection(run: Path, hear: Callable[[Fields], None]) -> ExecutorConnection:
    """Connect to the executor whose `--run` directory this is; `OSError` when nobody listens."""
    folder = os.open(run, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # By way of the descriptor: a socket's address may have 107 bytes only, a path more.
        path = f"/proc/self/fd/{folder}/{SOCKET_NAME}"
        reader, writer = await asyncio.open_unix_connection(path, limit=LINE_LIMIT + 1024)
    finally:
        os.close(folder)
    return ExecutorConnection(reader, writer, hear)
