"""The least that a start through an executor can cost: the same processes, hops and syncs, and nothing else.

A client asks a relay, which writes and syncs a record and tells the keeper of a slot, a process of that slot's uid; the keeper does what
`floor` does and says so; the relay writes and syncs a second record and answers. No limits, logs, results, timeouts, cancelling, or keeping
of what was asked. What `start` measures beyond this is what an executor does; what this costs beyond the floor is what two syncs and the
uids of attempts cost in Python.
`python -m benchmarks.relay SOCKET JOURNAL PLACE UIDS ARGV...`; UIDS is `same`, or a uid for each slot, with commas between.
"""

import os
import socket
import sys
from selectors import EVENT_READ, DefaultSelector

from attune_agent.executor.confine import Identity, become
from benchmarks.floor import start

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
        start(argv, place, null, alone=uid is not None)
        channel.send(b"ended")


class Relay:
    """One loop between clients and keepers; what one turn of it hears shares a sync."""

    def __init__(self, listener: socket.socket, journal: int, keepers: list[socket.socket]) -> None:
        """Take the places; a client has the keeper of its number."""
        self._listener, self._journal, self._at = listener, journal, 0
        self._selector = DefaultSelector()
        self._selector.register(listener, EVENT_READ)
        self._idle = keepers
        self._partner: dict[socket.socket, socket.socket] = {}

    def run(self) -> None:
        """Serve until the clients are gone."""
        while True:
            said: list[tuple[socket.socket, bytes]] = []
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._pair()
                elif isinstance(key.fileobj, socket.socket):
                    if not (content := key.fileobj.recv(4096)):
                        return
                    said.append((self._partner[key.fileobj], content))
            if said:
                self._record(len(said))
            for partner, content in said:
                partner.send(content)

    def _pair(self) -> None:
        client, keeper = self._listener.accept()[0], self._idle.pop()
        self._partner |= {client: keeper, keeper: client}
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
