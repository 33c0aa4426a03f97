"""The least that a start through an executor can cost: the same processes, hops and syncs, and nothing else.

A client asks a relay, which has the keeper of a slot, a process of that uid, prepare what `floor` prepares, while it writes and syncs
a record, and then begin. The keeper says that the action has ended and removes what it had made; meanwhile the relay writes and syncs a
second record, and answers when both are done. No limits, logs, results, timeouts, cancelling, or keeping of what was asked. What `start`
measures beyond this is what an executor does; what this costs beyond the floor is what two syncs and the uids of attempts cost in Python.
`python -m benchmarks.relay SOCKET JOURNAL PLACE UIDS ARGV...`; UIDS is `same`, or a uid for each slot, with commas between.
"""

import os
import socket
import sys
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector

from attune_agent.executor.confine import Identity, become
from benchmarks.floor import clean, prepare, run

#: Bytes of one record, about those of the executor's.
_RECORD = 250
_SEGMENT = 16 << 20


def keep(channel: socket.socket, uid: int | None, place: str, argv: list[str]) -> None:
    """Be the keeper of one slot: start what is asked for, one after the other."""
    become(Identity(uid))
    os.umask(0o077)
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    while channel.recv(4096):
        reader = prepare(place)
        channel.recv(4096)
        run(argv, place, reader, null, alone=uid is not None)
        channel.send(b"ended")
        clean(place)
        channel.send(b"clean")


class Relay:
    """One loop between clients and keepers; what one turn of it hears shares a sync."""

    def __init__(self, listener: socket.socket, journal: int, keepers: list[socket.socket]) -> None:
        """Take the places; a client has the keeper of its number."""
        self._listener, self._journal, self._at = listener, journal, 0
        self._selector = DefaultSelector()
        self._selector.register(listener, EVENT_READ)
        self._idle = keepers
        self._partner: dict[socket.socket, socket.socket] = {}
        self._clients: set[socket.socket] = set()

    def run(self) -> None:
        """Serve until the clients are gone."""
        while True:
            starts: list[socket.socket] = []
            ends: list[socket.socket] = []
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._pair()
                elif isinstance(key.fileobj, socket.socket) and not self._hear(key.fileobj, starts, ends):
                    return
            if starts or ends:
                self._record(len(starts) + len(ends))
            for keeper in starts:
                keeper.send(b"begin")
            for keeper in ends:
                with suppress(BlockingIOError):
                    keeper.recv(4096, socket.MSG_DONTWAIT)
                    self._partner[keeper].send(b"ended")

    def _hear(self, one: socket.socket, starts: list[socket.socket], ends: list[socket.socket]) -> bool:
        """Take what somebody says; tell whether it was anything."""
        content, partner = one.recv(4096), self._partner[one]
        if one in self._clients:
            partner.send(content or b" ")
            starts.append(partner)
        elif content == b"ended":
            ends.append(one)
        else:  # it was not yet clean when its end was recorded
            partner.send(b"ended")
        return bool(content)

    def _pair(self) -> None:
        client, keeper = self._listener.accept()[0], self._idle.pop()
        self._partner |= {client: keeper, keeper: client}
        self._clients.add(client)
        for one in (client, keeper):
            self._selector.register(one, EVENT_READ)

    def _record(self, records: int) -> None:
        os.pwrite(self._journal, b"x" * _RECORD * records, self._at)
        os.fdatasync(self._journal)
        self._at = (self._at + _RECORD * records) % (_SEGMENT - 4 * _RECORD)


def main() -> None:
    """Make the keepers, then relay."""
    path, journal, place, uids, *argv = sys.argv[1:]
    keepers: list[socket.socket] = []
    for slot, uid in enumerate(uids.split(",")):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        home = f"{place}/{slot}"
        os.mkdir(home)  # noqa: PTH102 - as in floor
        if uid.isdecimal():
            os.chown(home, int(uid), int(uid))
        if not os.fork():
            ours.close()
            keep(theirs, int(uid) if uid.isdecimal() else None, home, argv)
            os._exit(0)
        theirs.close()
        keepers.append(ours)
    file = os.open(journal, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.posix_fallocate(file, 0, _SEGMENT)
    os.fsync(file)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    Relay(listener, file, keepers).run()


if __name__ == "__main__":
    main()
