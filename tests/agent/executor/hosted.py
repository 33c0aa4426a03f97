"""A real executor process for tests, as root with uids of its own or as an unprivileged user, and requests for it."""

import atexit
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path

from attune_agent.executor.cgroups import find_groups
from attune_agent.executor.log_files import LogUnknown, read_window
from attune_agent.executor.processes import process
from attune_agent.host import Ended, Host, Kind, LogBounds, StartRequest
from tests.agent.executor.uid_claim import BLOCK, claim_uids
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
#: Uids that no other test process of this machine uses.
FIRST_UID = claim_uids()
PLAIN_UID = FIRST_UID + BLOCK - 1
SLOTS = 3
SYSTEM_PYTHON = "/usr/bin/python3"
INTERPRETER = SYSTEM_PYTHON if os.geteuid() == 0 else sys.executable


@dataclass
class Hosted:
    """A place for one executor, and the process while it lives."""

    place: Path
    mode: str
    process: "subprocess.Popen[bytes] | None" = None
    first_uid: int = FIRST_UID
    #: Start it where it sees no cgroups.
    without_groups: bool = False

    @property
    def run(self) -> Path:
        return self.place / "run"

    @property
    def state(self) -> Path:
        return self.place / "state"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self, *, slots: int = SLOTS, more: tuple[str, ...] = (), ready: bool = True, descriptors: int | None = None) -> None:
        """Start the program, perhaps with more options, and wait until it serves."""
        names = ("state", "run", "logs", "environments")
        options = [part for name in names for part in (f"--{name}", str(self.place / name))]
        uids = ["--uids", f"{self.first_uid}-{self.first_uid + 9}"] if self.mode == "uids" else []
        argv = [*self.program, "run", *options, "--slots", str(slots), *uids, *more]
        if self.without_groups:
            argv = ["unshare", "--mount", "sh", "-c", 'umount -l -R /sys/fs/cgroup 2>/dev/null; exec "$@"', "sh", *argv]
        switch = self.mode == "unprivileged" and os.geteuid() == 0
        with (self.place / "executor.log").open("ab") as log:
            self.process = subprocess.Popen(
                argv,
                env=self.environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=PLAIN_UID if switch else None,
                group=PLAIN_UID if switch else None,
                extra_groups=[] if switch else None,
                preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))) if descriptors else None,  # noqa: PLW1509 - one thread here
            )
        if ready:
            wait_until(self._serving, what="the executor")

    @property
    def open(self) -> Path:
        """A directory in which every uid may write: for witness files."""
        return self.place / "open"

    def log(self) -> str:
        return (self.place / "executor.log").read_text()

    def kill(self) -> None:
        """End the executor as a crash does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End it as its supervisor does, return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def keepers(self) -> list[int]:
        """The executor's children that are keepers: leaders of their own sessions."""
        children = map(int, Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split())
        return [pid for pid in children if (found := process(pid)) is not None and found.session == pid]

    def owned(self, name: str) -> Path:
        """A directory below `open` that belongs to whoever the executor is."""
        path = self.open / name
        path.mkdir(mode=0o755)
        self.own(path)
        return path

    def own(self, path: Path) -> None:
        """Give a path to whoever the executor is."""
        if self.mode == "unprivileged" and os.geteuid() == 0:
            os.chown(path, PLAIN_UID, PLAIN_UID)

    @property
    def uid(self) -> int:
        """Whom the executor runs as."""
        return PLAIN_UID if self.mode == "unprivileged" and os.geteuid() == 0 else os.geteuid()

    @property
    def program(self) -> list[str]:
        """The argv that starts it."""
        return [INTERPRETER, "-m", "attune_agent.executor.main"]

    @property
    def environment(self) -> dict[str, str]:
        """The environment that it is started in."""
        return {"PYTHONPATH": str(code()), "PATH": "/usr/bin:/bin"}

    def _serving(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.run / "executor.sock")) == 0


@contextmanager
def hosted(mode: str, *, start: bool = True, first_uid: int = FIRST_UID) -> Iterator[Hosted]:
    """Give an executor of this mode in a fresh place that every uid may pass through; two at a time need uids apart."""
    place = Path(tempfile.mkdtemp(prefix="attune-executor-", dir="/tmp"))
    place.chmod(0o755)
    it = Hosted(place, mode, first_uid=first_uid)
    for name in ("state", "run", "logs", "environments", "open"):
        (place / name).mkdir(mode=0o755)
        it.own(place / name)
    it.open.chmod(0o777)
    try:
        if start:
            it.start()
        yield it
    finally:
        if it.process is not None and it.process.poll() is None:
            it.stop()
        _remove_groups(it.state / "format")
        shutil.rmtree(place)


def _remove_groups(state: Path) -> None:
    """Remove the cgroups of an executor that was killed and has no next life."""
    groups = find_groups(json.loads(state.read_bytes())["id"]) if os.geteuid() == 0 and state.exists() else None
    if groups is not None:
        for group in groups.left():
            assert group.empty(10.0)
        groups.remove()


@cache
def code() -> Path:
    """Copy the package, failpoints and readiness: it must need no more of Attune, and other uids cannot read the checkout.

    They are compiled once for all executors of this process, as an installation compiles them: those that run them cannot write there.
    """
    place = Path(tempfile.mkdtemp(prefix="attune-code-", dir="/tmp"))
    atexit.register(shutil.rmtree, place)
    shutil.copytree(ROOT / "attune_agent" / "executor", place / "attune_agent/executor", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "attune_core").mkdir()
    for name in ("failpoints.py", "readiness.py"):
        shutil.copy(ROOT / "attune_core" / name, place / "attune_core")
    for name in ("attune_agent", "attune_core"):
        (place / name / "__init__.py").touch()
    subprocess.run([INTERPRETER, "-m", "compileall", "-q", str(place)], check=True)
    for path in (place, *place.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return place


_names = (f"x{number}" for number in count())


def request(*argv: str, execution: str | None = None, attempt: int = 1, **changes: object) -> StartRequest:
    """A request with plain values and a name of its own; `changes` are fields of StartRequest."""
    base = StartRequest(
        execution=execution or next(_names),
        attempt=attempt,
        argv=argv,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        cwd="/",
        timeout=60.0,
        grace=1.0,
        logs=LogBounds(head=4096, segment=4096, segments=2),
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # the names are StartRequest's own, dataclasses.replace checks them


def shell(script: str, **changes: object) -> StartRequest:
    """A request that runs a shell script."""
    return request("sh", "-c", script, **changes)  # type: ignore[arg-type]  # as above


def build(script: str, **changes: object) -> StartRequest:
    """A build that runs a shell script."""
    return shell(script, kind=Kind.BUILD, **changes)


async def run(host: Host, what: StartRequest) -> Ended:
    """Start it and wait for its end."""
    await host.start(what)
    return await host.wait(what.execution, what.attempt)


def log_of(directory: str, stream: str = "stdout") -> bytes:
    """The whole log that is kept; an attempt that has written nothing has none."""
    try:
        return read_window(Path(directory), stream, 0, 1 << 30).data
    except LogUnknown:
        return b""


def lines(path: Path) -> list[str]:
    """The lines of a witness file, none if it is not there."""
    return path.read_text().splitlines() if path.exists() else []


def alive(pid: int) -> bool:
    """Whether that process lives (a zombie does not)."""
    found = process(pid)
    return found is not None and not found.ended


@contextmanager
def bystander_of(executor: Hosted) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process of the user that the executor runs as; nothing of any attempt."""
    with subprocess.Popen(["sleep", "120"], user=executor.uid if os.geteuid() == 0 else None) as it:
        yield it
        it.kill()


@contextmanager
def traced(pid: int, trace: Path, calls: str, *options: str) -> Iterator[Path]:
    """Trace some system calls of a running process into a file, perhaps with faults injected (strace(1)); needs root."""
    argv = [
        "strace",
        "-p",
        str(pid),
        "-s",
        "2000",
        "-o",
        str(trace),
        "-e",
        f"trace={calls}",
        *(part for option in options for part in ("-e", option)),
    ]
    with subprocess.Popen(argv, stderr=subprocess.PIPE) as tracer:
        assert tracer.stderr is not None
        assert b"attached" in tracer.stderr.readline()
        try:
            yield trace
        finally:
            tracer.terminate()


class Peer:
    """A bare client."""

    def __init__(self, executor: Hosted) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        try:
            self.socket.connect(str(executor.run / "executor.sock"))
        except OSError:
            self.socket.close()
            raise
        self.file = self.socket.makefile("rb")

    def send(self, raw: bytes) -> None:
        self.socket.sendall(raw)

    def ask(self, message: dict[str, object]) -> dict[str, object]:
        self.send(json.dumps({"id": 1, **message}).encode() + b"\n")
        return self.answer()

    def answer(self) -> dict[str, object]:
        reply: dict[str, object] = json.loads(self.file.readline())
        return reply

    def close(self) -> None:
        self.file.close()
        self.socket.close()
