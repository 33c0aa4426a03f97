"""The private channel between the executor and one keeper: framed messages with bytes and open files, never blocking.

A frame is a header that names its kind, a JSON object (none where there is nothing to say) and a blob: the order on the way down, the
Result on the way up. Descriptors travel beside its first byte (SCM_RIGHTS). Used by `slots` on the executor's side and by `keeper` on the
other; whoever reads `ChannelClosed` knows that the other process is gone.
"""

import array
import os
import socket
import struct
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from attune_agent.executor.fields import NOTHING, Fields, parse_object, to_json

_HEADER = struct.Struct("!12sIIB")
_DESCRIPTORS = 16
#: Below what the C library allocates by mmap(2): a larger buffer costs more than reading a second time.
_READ = 64 << 10
_MOST = 16 << 20


class ChannelClosed(Exception):
    """The other end is gone."""


class Packet(NamedTuple):
    """One received message."""

    kind: str
    fields: Fields
    blob: bytes
    descriptors: tuple[int, ...]


class Channel:
    """One end of a socket pair."""

    def __init__(self, end: socket.socket) -> None:
        end.settimeout(0)
        self._end = end
        #: To wait on.
        self.descriptor = end.fileno()
        self._out: deque[tuple[memoryview, tuple[int, ...]]] = deque()
        self._in = bytearray()
        self._received: deque[int] = deque()

    @property
    def waiting(self) -> bool:
        """Whether something is still to be sent."""
        return bool(self._out)

    def send(self, kind: str, fields: Fields = NOTHING, blob: bytes = b"", descriptors: Sequence[int] = ()) -> None:
        """Queue a message and send what fits; the descriptors belong to the channel from here on and are closed once sent."""
        body = to_json(fields) if fields else b""
        frame = b"".join((_HEADER.pack(kind.encode("ascii"), len(body), len(blob), len(descriptors)), body, blob))
        self._out.append((memoryview(frame), tuple(descriptors)))
        self.flush()

    def flush(self) -> None:
        """Send as much as the socket takes."""
        while self._out:
            frame, descriptors = self._out[0]
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
            try:
                sent = self._end.sendmsg([frame], rights)
            except BlockingIOError:
                return
            except OSError as error:
                raise ChannelClosed from error
            for descriptor in descriptors:
                os.close(descriptor)
            if sent == len(frame):
                self._out.popleft()
            else:
                self._out[0] = (frame[sent:], ())

    def receive(self) -> list[Packet]:
        """Return the messages that are complete by now; `ChannelClosed` once there is none and never will be."""
        while True:
            try:
                chunk, ancillary, _, _ = self._end.recvmsg(_READ, socket.CMSG_SPACE(_DESCRIPTORS * 4), socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                break
            except OSError:
                chunk, ancillary = b"", []
            for level, kind, raw in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    self._received.extend(array.array("i", raw[: len(raw) - len(raw) % 4]))
            if not chunk:
                if last_words := self._complete():
                    return last_words
                raise ChannelClosed
            self._in += chunk
            if len(chunk) < _READ and not ancillary:
                break
        return self._complete()

    def close(self) -> None:
        """Close the socket and every descriptor that was not handed on."""
        for _, descriptors in self._out:
            self._received.extend(descriptors)
        for descriptor in self._received:
            os.close(descriptor)
        self._out.clear()
        self._received.clear()
        self._end.close()

    def _complete(self) -> list[Packet]:
        found, at = [], 0
        while len(self._in) - at >= _HEADER.size:
            kind, length, blob, count = _HEADER.unpack_from(self._in, at)
            if max(length, blob) > _MOST or count > _DESCRIPTORS:
                raise ChannelClosed("a frame beyond all bounds")
            start = at + _HEADER.size
            if len(self._in) < start + length + blob:
                break
            body = bytes(self._in[start : start + length])
            at = start + length + blob
            if len(self._received) < count:
                raise ChannelClosed("a frame without its descriptors")
            descriptors = tuple(self._received.popleft() for _ in range(count))
            fields = parse_object(body) if body else NOTHING
            found.append(Packet(kind.rstrip(b"\0").decode("ascii", "replace"), fields, bytes(self._in[start + length : at]), descriptors))
        del self._in[:at]
        return found
