"""Who has the addresses of the settings, from the kernel's own tables; called by `table`."""

import ipaddress
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from attune_cli.doctor.facts import Port
from attune_cli.doctor.gathering.handshakes import EVERYWHERE
from attune_cli.doctor.gathering.processes import open_files, running
from attune_cli.doctor.here import Here
from attune_core.addresses import Address, address_of

_LISTENING = "0A"


@dataclass(frozen=True)
class _Listener:
    address: str
    port: int
    inode: str


def ports(here: Here) -> Iterator[Port]:
    """Yield every address that a program here listens at by its settings."""
    listeners = [*_listeners(Path("/proc/net/tcp")), *_listeners(Path("/proc/net/tcp6"))]
    pids = running(here)
    for program, setting, listen in _settings(here):
        address = address_of(listen)
        if address.port == 0:
            continue  # any free one
        held = [one for one in listeners if _meets(one, address)]
        yield Port(
            program=program,
            setting=setting,
            address=listen,
            held=bool(held),
            holders=tuple(_holders({one.inode for one in held})),
            runs=pids.get(program),
        )


def _settings(here: Here) -> Iterator[tuple[str, str, str]]:
    if here.controller and (settings := here.controller.settings):
        yield "controller", "public.listen", settings.public.listen
        yield "controller", "agents.listen", settings.agents.listen
        if settings.metrics:
            yield "controller", "metrics.listen", settings.metrics.listen
    if here.agent and (metrics := here.agent.settings.metrics):
        yield "agent", "metrics.listen", metrics.listen


def _listeners(table: Path) -> Iterator[_Listener]:
    try:
        lines = table.read_text("ascii").splitlines()[1:]
    except OSError:
        return  # no IPv6
    for row in map(str.split, lines):
        if row[3] == _LISTENING:
            address, _, port = row[1].partition(":")
            yield _Listener(_readable(address), int(port, 16), row[9])


def _readable(words: str) -> str:
    """Return an address out of the kernel's words of four bytes in the machine's order."""
    raw = b"".join(struct.pack("=I", int(words[at : at + 8], 16)) for at in range(0, len(words), 8))
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def _meets(listener: _Listener, wanted: Address) -> bool:
    if listener.port != wanted.port:
        return False
    there = ipaddress.ip_address(listener.address)
    if there.is_unspecified or wanted.host in EVERYWHERE:
        return True
    return listener.address in ({"127.0.0.1", "::1"} if wanted.host == "localhost" else {wanted.host})


def _holders(inodes: set[str]) -> Iterator[tuple[int, str]]:
    """Yield the processes that have these sockets open, as far as they are shown to us."""
    if not inodes:
        return
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for place in Path("/proc").iterdir():
        if place.name.isdecimal() and wanted & open_files(int(place.name)):
            yield int(place.name), _words(place)


def _words(place: Path) -> str:
    try:
        words: Sequence[bytes] = (place / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "?"
    return b" ".join(words[:4]).decode("utf-8", "replace").strip()[:80]
