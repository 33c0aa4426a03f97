"""Attempts of every kind on one executor, each held at a chosen step, what harms them there, and what must be true of the slots afterwards.

The steps follow one another in `Trial`; the harms are done to the processes from outside. What an attempt has done is judged by its own
witness file, who has heard of its end by a peer that listens beside the agent's link.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from attune_agent.executor.cgroups import find_groups
from attune_agent.executor.processes import descendants
from attune_agent.executor_errors import AttemptUnknown, ExecutorUnreachable, StartRefused
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import Ended, Kind, SpoolBounds, StartReply, StartRequest
from tests.agent.executor.hosted import SLOTS, Hosted, Peer, lines, shell
from tests.waiting import eventually

SENSORS = 2
USER, ACTION = "games", "web.restart"
#: Places of each kind; attempts of granted users count with the others.
PLACES = {"attempt": SLOTS, "guest": SLOTS, "sensor": SENSORS, "build": 1}
OPTIONS = {"uids": ("--sensors", str(SENSORS), f"--grant={USER}={ACTION}"), "unprivileged": ("--sensors", str(SENSORS))}
#: Says that it began, waits to be let go, and leaves some work for whoever cleans up.
_SCRIPT = "echo $PPID >> {witness}; read -r word < {gate}; {last}; exit 3"
#: What an action does to its keeper so that it hosts no other.
SPOIL = "prlimit --pid $PPID --nofile=900:900"


class Withheld(Exception):
    """The word that does not come."""


def kinds(mode: str) -> list[str]:
    """The kinds that an executor of this mode hosts."""
    return [kind for kind in PLACES if kind != "guest" or mode == "uids"]


def request_of(kind: str, script: str) -> StartRequest:
    """A request of a kind."""
    what = shell(script, execution=f"{kind}-{os.urandom(5).hex()}")
    match kind:
        case "guest":
            return replace(what, user=USER, action=ACTION)
        case "sensor":
            return replace(what, kind=Kind.SENSOR, timeout=0.0, spool=SpoolBounds(segment=4096, segments=4))
        case "build":
            return replace(what, kind=Kind.BUILD)
        case _:
            return what


class Trial:
    """One attempt, from being asked for to what became of it."""

    def __init__(self, executor: Hosted, link: ExecutorLink, kind: str, *, last: str = "true") -> None:
        self.kind, self._executor, self._link = kind, executor, link
        #: It is not to begin.
        self.in_vain = False
        name = os.urandom(5).hex()
        self.witness, self.gate = executor.open / f"witness-{name}", executor.open / f"gate-{name}"
        os.mkfifo(self.gate)
        self.gate.chmod(0o666)
        self.what = request_of(kind, _SCRIPT.format(witness=self.witness, gate=self.gate, last=last))
        self.word: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.starting: asyncio.Task[StartReply] = asyncio.create_task(link.start(self.what, lambda: self.word))

    @property
    def key(self) -> tuple[str, int]:
        return self.what.execution, self.what.attempt

    @property
    def keeper(self) -> int:
        """The process that hosts it, by its own word; 0: it has said nothing."""
        return int((lines(self.witness) or ["0"])[0])

    @property
    def uid(self) -> int:
        """Whose its private directory is; -1: it has none."""
        for path in (self._executor.run / "work").glob(f"*/{self.what.execution}.1"):
            with contextlib.suppress(OSError):
                return path.stat().st_uid
        return -1

    async def recorded(self) -> bool:
        """Tell whether it is soon on the disk and waits for its word; that it was refused the agent hears after the word only."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                while self.what.execution not in {
                    one.execution for one in (*await self._link.listed(), *await self._link.listed_sensors())
                }:
                    pass
                return True
        return False

    async def begun(self) -> None:
        """Give the word and wait for its own."""
        self.word.set_result(None)
        await self.starting
        await eventually(lambda: lines(self.witness) != [], what=f"{self.kind} to begin")

    def let_go(self) -> None:
        """Let it end, if it still waits for that."""
        with contextlib.suppress(OSError):
            gate = os.open(self.gate, os.O_WRONLY | os.O_NONBLOCK)
            os.write(gate, b"\n")
            os.close(gate)

    async def stop(self, link: ExecutorLink) -> None:
        """Have it ended without grace."""
        with contextlib.suppress(AttemptUnknown, ExecutorUnreachable):
            await link.stop(*self.key, grace=0.0)

    async def end(self, link: ExecutorLink) -> Ended | None:
        """What became of it; None: it was not to begin, and nothing of it is known."""
        with contextlib.suppress(StartRefused, ExecutorUnreachable, Withheld):
            await self.starting
        try:
            async with asyncio.timeout(30):
                ended = await link.wait(*self.key)
        except AttemptUnknown:
            return None
        assert await link.wait(*self.key) == ended, "it has one end, however often it is asked for"
        await link.forget(*self.key)
        await link.unspool(self.what.execution)
        return ended


class Listener:
    """A peer that hears every end."""

    def __init__(self, executor: Hosted, ends: Counter[tuple[str, int]] | None = None) -> None:
        self.peer = Peer(executor)
        self.ends = ends or Counter()
        self._rest = b""
        self.peer.socket.setblocking(False)  # noqa: FBT003 - the library's

    def hear(self) -> Counter[tuple[str, int]]:
        """Every end that was told so far."""
        with contextlib.suppress(OSError):  # nothing is there, or nobody
            while chunk := self.peer.socket.recv(1 << 16):
                *complete, self._rest = (self._rest + chunk).split(b"\n")
                for message in map(json.loads, complete):
                    if message.get("type") == "ended":
                        self.ends[message["outcome"]["execution"], message["outcome"]["attempt"]] += 1
        return self.ends

    def close(self) -> None:
        self.hear()
        self.peer.close()


@contextmanager
def without_processes(pid: int) -> Iterator[None]:
    """Let a process fork nothing for a while (cgroups v1, pids)."""
    root = Path("/sys/fs/cgroup/pids")
    group = root / f"attune-test-{pid}"
    group.mkdir()
    try:
        (group / "pids.max").write_text("1")
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        with contextlib.suppress(OSError):
            (root / "cgroup.procs").write_text(str(pid))
        group.rmdir()


def harm_keepers(executor: Hosted, number: signal.Signals) -> None:
    """Send a signal to every keeper."""
    for keeper in executor.keepers():
        with contextlib.suppress(ProcessLookupError):
            os.kill(keeper, number)


def take_processes(executor: Hosted, trials: list[Trial]) -> None:
    """Let the keepers of these trials start nothing any more; whoever has their uid may do that."""
    for keeper in executor.keepers():
        uid, gid = _ids(keeper)
        theirs = {trial.uid for trial in trials} if executor.mode == "uids" else set()
        if uid >= 0 and (keeper in {trial.keeper for trial in trials} or uid in theirs):
            subprocess.run(["prlimit", f"--pid={keeper}", "--nproc=1:1"], user=uid, group=gid, check=False)


def replace_keepers(executor: Hosted) -> None:
    """Kill the keepers that can start nothing and have hosted nothing since, so that nobody has seen it."""
    for keeper in executor.keepers():
        with contextlib.suppress(OSError):
            limits = Path(f"/proc/{keeper}/limits").read_text()
            if any(line.split()[2:4] == ["1", "1"] for line in limits.splitlines() if line.startswith("Max processes")):
                os.kill(keeper, signal.SIGKILL)


def _ids(pid: int) -> tuple[int, int]:
    try:
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return -1, -1
    said = dict(line.split(":\t", 1) for line in status if line[1:4] == "id:")
    return int(said["Uid"].split()[0]), int(said["Gid"].split()[0])


def at_rest(executor: Hosted) -> list[str]:
    """What is left of attempts, in words; nothing: everything is as before any of them."""
    found = []
    keepers = set(executor.keepers())
    if len(keepers) != SLOTS + 1:
        found.append(f"{len(keepers)} keepers")
    if others := {one.pid for one in descendants(executor.pid)} - keepers:
        found.append(f"processes {others}")
    found += [f"file {path}" for path in (executor.run / "work").glob("*/*")]
    groups = find_groups(json.loads((executor.state / "format").read_bytes())["id"]) if executor.mode == "uids" else None
    for group in groups.left() if groups is not None else ():
        with contextlib.suppress(OSError):  # made anew at this moment
            found += [f"in a group {pid}" for pid in group.pids() - keepers]
    return found


def descriptors(executor: Hosted) -> Counter[str]:
    """What the executor has open, without numbers; files of groups are opened when they are needed."""
    found = Counter[str]()
    for path in Path(f"/proc/{executor.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found[str(path.readlink()).partition(":[")[0]] += 1
    return Counter({name: count for name, count in found.items() if not name.startswith("/sys/fs/cgroup")})


async def _begun(executor: Hosted, link: ExecutorLink, kind: str) -> Trial:
    """Start one as soon as there is a slot for it: a new keeper may still be on its way."""
    async with asyncio.timeout(10):
        while True:
            trial = Trial(executor, link, kind)
            with contextlib.suppress(StartRefused):
                await trial.begun()
                return trial


async def hosts_everything(executor: Hosted, link: ExecutorLink) -> None:
    """Every slot hosts again, of every kind, and one more is refused."""
    for together in (("attempt", "sensor", "build"), ("guest",)):
        full = [await _begun(executor, link, kind) for kind in together if kind in kinds(executor.mode) for _ in range(PLACES[kind])]
        for kind in together if full else ():
            with_none_free = Trial(executor, link, kind)
            with_none_free.word.set_result(None)
            try:
                await with_none_free.starting
            except StartRefused as error:
                assert "no_slot" in str(error)
            else:
                raise AssertionError(f"one {kind} too many")
        for one in full:
            one.let_go()
        for one in full:
            ended = await one.end(link)
            assert ended is not None
            assert ended.exit_code == 3, (one.kind, ended)
    await eventually(lambda: at_rest(executor) == [], what="the slots to be at rest")
