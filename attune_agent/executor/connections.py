"""The unix socket: who may connect (SO_PEERCRED), lines in, lines out, with bounds on both.

`executor` owns it; every complete line goes to the `answer` function with its connection. A peer that sends an endless line or does
not read what it is sent is dropped: it finds everything again by `list`.
"""

import contextlib
import os
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

from attune_agent.executor.attempt import now
from attune_agent.executor.fields import to_json
from attune_agent.executor.identities import Identities
from attune_agent.executor.protocol import LINE_LIMIT

_MOST_UNSENT = 16 << 20
_MOST_CONNECTIONS = 16
_READ = 64 << 10
_DEAF = 0.5
_PEER = struct.Struct("3i")


class Connection:
    """One connected agent."""

    def __init__(self, end: socket.socket, uid: int) -> None:
        end.settimeout(0)
        self.end = end
        self.uid = uid
        self.lost = False
        self._in = bytearray()
        self._out = bytearray()

    @property
    def waiting(self) -> bool:
        """Whether something is still to be sent."""
        return bool(self._out)

    def tell(self, message: Mapping[str, object]) -> None:
        """Queue a line."""
        if len(self._out) > _MOST_UNSENT:
            self.lost = True
        if not self.lost:
            self._out += to_json(message) + b"\n"

    def flush(self) -> None:
        """Send what the socket takes."""
        try:
            while self._out and not self.lost:
                del self._out[: self.end.send(self._out)]
        except BlockingIOError:
            return
        except OSError:
            self.lost = True

    def lines(self) -> list[bytes]:
        """Return the lines that have come in."""
        try:
            chunk = self.end.recv(_READ)
        except BlockingIOError:
            return []
        except OSError:
            chunk = b""
        if not chunk:
            self.lost = True
            return []
        searched = len(self._in)
        self._in += chunk
        if b"\n" not in chunk:
            self.lost = searched + len(chunk) > LINE_LIMIT
            return []
        *complete, rest = bytes(self._in).split(b"\n")
        self._in = bytearray(rest)
        self.lost = any(len(line) > LINE_LIMIT for line in complete)
        return [] if self.lost else complete


class Connections:
    """The listener and its connections."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self.all: list[Connection] = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.settimeout(0)
        #: The listener need not be waited for before this time.
        self.deaf_until = 0.0

    def listen(self, path: Path) -> None:
        """Listen at the path; a socket file that an earlier life left there is replaced (the state's lock is held)."""
        path.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        umask = os.umask(0o177)
        try:
            self.listener.bind(f"/proc/self/fd/{folder}/{path.name}")  # an address may have 107 bytes only, a path more
        finally:
            os.umask(umask)
            os.close(folder)
        if self._identities.uids is not None:
            os.chown(path, self._identities.agent_uid, -1)
        self.listener.listen(_MOST_CONNECTIONS)

    def accept(self) -> None:
        """Take the waiting peers in that may give orders."""
        try:
            while True:
                self._take_in(self.listener.accept()[0])
        except BlockingIOError:
            return
        except OSError:
            self.deaf_until = now() + _DEAF  # no descriptors: the listener would stay ready and the loop spin

    def _take_in(self, end: socket.socket) -> None:
        _, uid, _ = _PEER.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        if len(self.all) >= _MOST_CONNECTIONS or not self._identities.may_connect(uid):
            end.close()
        else:
            self.all.append(Connection(end, uid))

    def push(self, message: Mapping[str, object]) -> None:
        """Tell everybody."""
        for connection in self.all:
            connection.tell(message)

    def flush(self) -> list[Connection]:
        """Send what is queued, close what is lost and return it."""
        for connection in self.all:
            connection.flush()
        lost = [connection for connection in self.all if connection.lost]
        for connection in lost:
            self.all.remove(connection)
            with contextlib.suppress(OSError):
                connection.end.close()
        return lost
