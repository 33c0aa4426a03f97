"""A host with a real executor: builds under the build user, actions under theirs; with the agent as root, as a user, or all as one user.

`prepare` runs the agent's half in a process of its own; `act` runs an action in what was prepared.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pytest

from attune_agent.executor_link import ExecutorLink
from attune_agent.host import Ended, ResultSource, StartRequest
from attune_cli.local.uid_block import uid_block
from tests.agent.environments.places import ROOT, SYSTEM_PATH
from tests.forked import forked
from tests.waiting import wait_until

NOBODY = 65534
#: The agent's half, as a program.
AGENT = "tests.agent.environments.agent_program"
Process: TypeAlias = "subprocess.Popen[bytes]"


@dataclass(frozen=True)
class Answer:
    """What the agent's half said."""

    key: str = ""
    path: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Sequence[str]] = field(default_factory=dict)
    code: str = ""
    message: str = ""


class RealHost:
    """One host below a folder."""

    def __init__(self, place: Path, uids: range | None, agent: int) -> None:
        self.place = place
        self.uids = uids
        self.agent = agent
        self.executor: Process | None = None
        self.network = ""  # of agent.yaml, as JSON; empty: what this machine has
        self._count = 0
        for name in ("run", "logs", "environments", "executor"):
            (place / name).mkdir(exist_ok=True)
            if uids is None and agent != os.geteuid():
                os.chown(place / name, agent, agent)

    @property
    def environments(self) -> Path:
        return self.place / "environments"

    def start_executor(self) -> None:
        (self.place / "run/executor.sock").unlink(missing_ok=True)
        argv = ["-m", "attune_agent.executor.main", "run", "--slots", "2", "--state", str(self.place / "executor")]
        argv += ["--run", str(self.place / "run"), "--logs", str(self.place / "logs"), "--environments", str(self.environments)]
        if self.uids is not None:
            argv += ["--uids", f"{self.uids[0]}-{self.uids[2]}", "--agent-uid", str(self.agent)]
        self.executor = self._popen(argv, self.agent if self.uids is None else os.geteuid(), ends=subprocess.DEVNULL)
        wait_until((self.place / "run/executor.sock").exists, what="the executor's socket")

    def fill_cache(self, content: Path) -> None:
        """Let the first build find what builds before it compiled: a standard library takes longer than everything of a test."""
        cache = self.environments / ".cache"
        shutil.copytree(content, cache, dirs_exist_ok=True)
        for path in cache.rglob("*"):
            os.chown(path, cache.stat().st_uid, cache.stat().st_gid)

    def kill_executor(self) -> None:
        assert self.executor is not None
        self.executor.kill()
        self.executor.wait()

    def stop(self) -> None:
        if self.executor is not None and self.executor.poll() is None:
            self.executor.send_signal(signal.SIGTERM)
            self.executor.wait(30)

    def begin(
        self, document: Mapping[str, object], files: Mapping[str, bytes], path: Sequence[str] = SYSTEM_PATH, *, executions: int = 1
    ) -> Process:
        """Start preparing the environment `own` of a pack, for so many executions at once."""
        agent = self._popen(["-m", AGENT], self.agent, ends=subprocess.PIPE)
        assert agent.stdin is not None
        agent.stdin.write(self._order(document, files, path, executions))
        agent.stdin.close()
        agent.stdin = None
        return agent

    def _order(self, document: Mapping[str, object], files: Mapping[str, bytes], path: Sequence[str], executions: int) -> bytes:
        self._count += 1
        order = {
            "place": str(self.place),
            "document": json.dumps(document),
            "files": json.dumps({name: content.decode() for name, content in files.items()}),
            "path": ":".join(path),
            "network": self.network,
            "name": "own",
            "execution": f"execution-{self._count}",
            "executions": str(executions),
        }
        return json.dumps(order).encode()

    def prepare(self, document: Mapping[str, object], files: Mapping[str, bytes], path: Sequence[str] = SYSTEM_PATH) -> Answer:
        """Do it and wait for the end."""
        if self.agent != os.geteuid():
            return self.end(self.begin(document, files, path))
        given = self._order(document, files, path, 1).decode()
        done = forked([], program=AGENT, cwd=Path("/"), env=self._environment(), stdin=given, timeout=100)
        assert done.status == 0, done.stderr
        return Answer(**json.loads(done.stdout))

    def end(self, agent: Process) -> Answer:
        said, _ = agent.communicate(timeout=100)
        assert agent.returncode == 0
        return Answer(**json.loads(said))

    def build_log(self) -> str:
        """Return all that installers wrote."""
        return "".join(path.read_text() for path in sorted(self.place.glob("logs/*/*.build/*/stdout.[h0-9]*")))

    def act(self, argv: Sequence[str], *, path: Sequence[str] = (), cwd: Path = Path("/")) -> Ended:
        """Run an action to its end; its Result is what it prints."""
        return asyncio.run(self._act(argv, path, cwd))

    async def _act(self, argv: Sequence[str], path: Sequence[str], cwd: Path) -> Ended:
        self._count += 1
        name = f"action-{self._count}"
        env = {"PATH": ":".join((*path, *SYSTEM_PATH)), "LANG": "C.UTF-8"}
        request = StartRequest(
            execution=name, attempt=1, argv=tuple(argv), env=env, cwd=str(cwd), timeout=30, result_from=ResultSource.STDOUT
        )
        async with ExecutorLink(self.place / "run") as link:
            await link.start(request)
            return await link.wait(name, 1)

    def _environment(self) -> dict[str, str]:
        """Return a cleared environment, as systemd gives one; the CA file is a host setting and reaches installers only."""
        env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
        return env | {name: os.environ[name] for name in ("SSL_CERT_FILE",) if name in os.environ}

    def _popen(self, argv: Sequence[str], user: int, *, ends: int) -> Process:
        env = self._environment()
        if user == os.geteuid():
            return subprocess.Popen([sys.executable, *argv], cwd="/", env=env, stdin=ends, stdout=ends)
        packages = next(path for path in sys.path if path.endswith("site-packages"))
        env |= {"PYTHONPATH": f"{ROOT}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"}
        whole = [plain_python(), *argv]
        return subprocess.Popen(whole, cwd="/", env=env, user=user, group=user, extra_groups=[], stdin=ends, stdout=ends)


def plain_python() -> str:
    """Return an interpreter that every user can execute and that fits the installed packages."""
    program = f"/usr/bin/python3.{sys.version_info.minor}"
    if not Path(program).exists():
        pytest.skip(f"there is no {program}, and the one that runs the tests is not for other users")
    return program


@contextmanager
def real_host(*, uids: bool, agent: int, memory: bool = False) -> Iterator[RealHost]:
    """Give a host with a running executor, in a folder that other users can pass (pytest closes its own each time a session begins).

    With `uids` the executor is root; `agent` is the uid of the agent, and without `uids` of everything. With `memory` the executor's run
    directory is on a tmpfs.
    """
    with ExitStack() as folders:
        place = Path(folders.enter_context(tempfile.TemporaryDirectory(prefix="attune-host-")))
        block = folders.enter_context(uid_block())
        place.chmod(0o711)
        if memory:
            run = Path(folders.enter_context(tempfile.TemporaryDirectory(prefix="attune-run-", dir="/dev/shm")))
            run.chmod(0o755)
            (place / "run").symlink_to(run)
        host = RealHost(place, block if uids else None, agent)
        try:
            host.start_executor()
            yield host
        finally:
            host.stop()


def until(condition: Callable[[], bool], agent: Process, what: str) -> None:
    """Wait for a moment of a build, or fail when the build is over before it."""
    wait_until(lambda: condition() or agent.poll() is not None, timeout=60, what=what)
