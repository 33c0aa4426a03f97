"""What the executor's socket answers to a hello, and what its uids are shared with; called by `table`."""

import os
import pwd
import socket
import stat
import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from attune_agent.executor import fields as read
from attune_agent.executor.fields import Fields, FieldWrong
from attune_agent.executor.protocol import LINE_LIMIT, PROTOCOL
from attune_cli.doctor.facts import Membership, Socket, UidRange
from attune_cli.doctor.findings import Unseen
from attune_cli.doctor.gathering.processes import agent_pid
from attune_cli.doctor.here import AgentHere, Here

_PATIENCE = 5.0
#: The first that fits.
_TROUBLES: Mapping[type[OSError], str] = {
    PermissionError: "denied",
    ConnectionRefusedError: "dead",
    BrokenPipeError: "dropped",
    ConnectionResetError: "dropped",
    OSError: "silent",
}
_PEER = struct.Struct("3i")
_SUBUIDS = Path("/etc/subuid")


def sockets(here: Here) -> Iterator[Socket]:
    """Yield what the executor of the agent here says."""
    if here.agent:
        yield greet(here.agent.socket, wanted_slots=here.agent.settings.slots)


def greet(path: Path, *, wanted_slots: int) -> Socket:
    """Connect, say hello and return what was seen."""
    seen = Socket(program="executor", path=str(path), ours=PROTOCOL, wanted_slots=wanted_slots)
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            return replace(seen, trouble="odd")
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        return replace(seen, there=not isinstance(error, FileNotFoundError), trouble="denied")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
            end.settimeout(_PATIENCE)
            end.connect(f"/proc/self/fd/{folder}/{path.name}")  # an address may have 107 bytes only, a path more
            _, uid, _ = _PEER.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
            return _answered(replace(seen, peer=uid), _hello(end))
    except OSError as error:
        return replace(seen, trouble=next(trouble for kind, trouble in _TROUBLES.items() if isinstance(error, kind)))
    finally:
        os.close(folder)


def uid_ranges(here: Here) -> Iterator[UidRange]:
    """Yield the uids of attempts beside everybody else's, where they have some of their own."""
    from attune_agent.executor.identities import DEFAULT_UIDS

    if not here.agent or greet(here.agent.socket, wanted_slots=0).mode == "unprivileged":
        return
    first, last = DEFAULT_UIDS
    if text := here.agent.settings.uids:
        first, last = (int(part) for part in text.split("-"))
    people = [("/etc/passwd", one.pw_name, one.pw_uid, one.pw_uid) for one in pwd.getpwall()]
    yield UidRange(program="executor", first=first, last=last, others=(*people, *_subordinate(_SUBUIDS)))


def memberships(here: Here) -> Iterator[Membership | Unseen]:
    """Yield whether the agent has joined and is connected."""
    if here.agent is None:
        return
    layout = here.agent.layout
    if layout.agent.exists() and not os.access(layout.agent, os.R_OK | os.X_OK):
        yield Unseen(program="agent", about=str(layout.agent), why="is not for this user to read", remedy="sudo attune doctor")
        return
    yield _membership(here.agent)


def _membership(agent: AgentHere) -> Membership:
    path = str(agent.layout.agent)
    if agent.controller is None:
        return Membership(program="agent", path=path)
    runs = agent_pid(agent.layout.ready) is not None
    try:
        connected = read.flag(read.parse_object(agent.layout.ready.read_bytes()), "connected") if runs else False
    except (OSError, FieldWrong):
        connected = False
    return Membership(program="agent", path=path, name=agent.controller.name, runs=runs, connected=connected)


def _hello(end: socket.socket) -> bytes:
    end.sendall(read.to_json({"id": 1, "type": "hello", "protocol": PROTOCOL}) + b"\n")
    answer = b""
    while b"\n" not in answer and len(answer) < LINE_LIMIT:
        part = end.recv(65_536)
        if not part:
            raise ConnectionResetError
        answer += part
    return answer


def _answered(seen: Socket, answer: bytes) -> Socket:
    """Read what an executor of any version may answer: another one lacks fields or words them differently."""
    try:
        said = next(fields for line in answer.split(b"\n") if "id" in (fields := read.parse_object(line)))
        if "refused" in said:
            return replace(seen, refused=read.text(said, "detail", "") or read.text(said, "refused"))
        seen = replace(seen, protocol=read.whole(said, "protocol", 0, 1 << 31))
        return seen if seen.protocol != PROTOCOL else _greeted(seen, said)
    except (FieldWrong, StopIteration):
        return replace(seen, trouble="odd")


def _greeted(seen: Socket, said: Fields) -> Socket:
    from attune_agent.executor_messages import read_greeting

    greeting = read_greeting(said)
    return replace(
        seen,
        mode=greeting.mode.value,
        slots=greeting.slots,
        limits=tuple(str(limit) for limit in greeting.limits),
        inputs_in_memory=greeting.inputs_in_memory,
    )


def _subordinate(path: Path) -> Iterator[tuple[str, str, int, int]]:
    """Yield who may have which uids in containers of their own (subuid(5))."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        name, _, rest = line.partition(":")
        first, _, count = rest.partition(":")
        if first.isdecimal() and count.isdecimal() and int(count):
            yield str(path), name, int(first), int(first) + int(count) - 1
