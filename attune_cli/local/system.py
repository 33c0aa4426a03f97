"""LocalSystem: controller, executors and agents as real processes below one directory, joined by TLS and tokens on 127.0.0.1.

`attune up` keeps one running, `attune demo` shows one at work, the flow tests and benchmarks look into one. It is production in small:
the same programs, sockets, certificates and token join, only the directories differ.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from attune_agent.executor_flags import executor_flags
from attune_agent.host_settings import DEFAULT_PATH, read_host_settings
from attune_cli.authority import local_access
from attune_cli.client import Client
from attune_cli.errors import ProgramFailed
from attune_cli.local.program import Program, module
from attune_cli.local.uid_block import uid_block
from attune_cli.profiles import Profile
from attune_core.values import JsonObject
from attune_core.wire.api import AgentView, JoinTokenView, Page, StatusView

#: Uids of one local agent: its builder's, its slots', and what is left for sensors.
UIDS_PER_AGENT = 11
#: Sensors for which one with many slots has uids all the same.
LEAST_SENSORS = 2


@dataclass(kw_only=True)
class LocalAgent:
    """One host in small: its directories and its two programs."""

    name: str
    labels: Mapping[str, str]
    state: Path
    run: Path
    slots: int
    uids: range | None
    #: The interpreter of its two programs; another one than ours in tests of upgrades.
    python: str = sys.executable
    #: Words before the argv of its two programs, such as those that enter a network namespace; in tests.
    within: tuple[str, ...] = ()
    executor: Program | None = None
    agent: Program | None = None

    @property
    def config(self) -> Path:
        """What it grants."""
        return self.state / "agent.yaml"


@dataclass(kw_only=True)
class LocalSystem:
    """Everything below `root`, which must be reachable (0711) for attempt uids when we are root."""

    root: Path
    repository: str
    poll: str = "1s"
    nudged_by: tuple[str, ...] = ()
    #: What installers on this machine need; see `network_settings`.
    network: Mapping[str, str] = field(default_factory=dict)
    #: Variables of its programs, beside those that every program gets; tests set them.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: More of the controller's settings about agents.
    agent_settings: JsonObject = field(default_factory=dict)
    #: The controller's bounds that are not the usual ones.
    limits: JsonObject = field(default_factory=dict)
    controller: Program | None = None
    agents: dict[str, LocalAgent] = field(default_factory=dict)
    _held: ExitStack = field(default_factory=ExitStack)
    _uids: range | None = None
    _runs: Path = Path()

    def __enter__(self) -> Self:
        """Make the directories; nothing runs yet."""
        for place in (self.root, self.logs, self.root / "agents"):
            place.mkdir(mode=0o711, parents=True, exist_ok=True)
            place.chmod(0o711)
        self._uids = self._held.enter_context(uid_block())
        # Inputs belong into memory, and private directories of attempts are made and removed there at no cost.
        self._runs = Path(self._held.enter_context(tempfile.TemporaryDirectory(prefix="attune-run-", dir=memory_directory())))
        self._runs.chmod(0o711)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop every program."""
        self.stop()
        self._held.close()

    @property
    def logs(self) -> Path:
        """Where the programs' own logs go."""
        return self.root / "logs"

    @property
    def controller_state(self) -> Path:
        """The controller's state directory."""
        return self.root / "controller"

    @property
    def profile(self) -> Profile:
        """The first admin token's profile."""
        return local_access(self.controller_state)

    def client(self) -> Client:
        """Return a connection to the controller, as admin."""
        return Client(self.profile)

    def start_controller(self) -> None:
        """Start it and wait until it listens; after the first start it keeps its ports."""
        settings = self.root / "controller.yaml"
        listening = self.controller_state / "listening.json"
        if not settings.exists():
            self._write_settings(settings, public="127.0.0.1:0", agents="127.0.0.1:0")
        listening.unlink(missing_ok=True)
        self.controller = Program(
            "controller",
            [*module("attune_cli.main"), "controller", "run", "--settings", str(settings)],
            self.logs / "controller.log",
            self.environment,
        )
        self.controller.wait_until(listening.exists)
        ports = json.loads(listening.read_text(encoding="utf-8"))
        self._write_settings(settings, public=_address(str(ports["public"])), agents=_address(str(ports["agents"])))

    def add_agent(self, name: str, labels: Mapping[str, str], *, slots: int = 4, python: str = sys.executable) -> LocalAgent:
        """Make a host: join it by a token and start its programs with that interpreter."""
        place = self.root / "agents" / name
        place.mkdir(mode=0o711)
        place.chmod(0o711)
        first = len(self.agents) * UIDS_PER_AGENT
        count = max(UIDS_PER_AGENT, 1 + slots + LEAST_SENSORS)
        uids = None if self._uids is None else self._uids[first : first + count]
        agent = LocalAgent(name=name, labels=labels, state=place / "state", run=self._runs / name, slots=slots, uids=uids, python=python)
        self.agents[name] = agent
        self._write_host_settings(agent)
        self._join(agent)
        self.start_executor(agent)
        self.start_agent(agent)
        return agent

    def start_executor(self, agent: LocalAgent) -> None:
        """Start the executor of a host and wait for its socket."""
        argv = [
            *agent.within,
            *module("attune_agent.executor.main", python=agent.python),
            "run",
            "--state",
            f"{agent.state}-executor",
            "--run",
            str(agent.run),
            *executor_flags(read_host_settings(agent.config)),
        ]
        argv += ["--logs", str(agent.state / "logs"), "--environments", str(agent.state / "environments")]
        socket = agent.run / "executor.sock"
        socket.unlink(missing_ok=True)
        agent.executor = Program(f"executor-{agent.name}", argv, self.logs / f"executor-{agent.name}.log", self.environment)
        agent.executor.wait_until(socket.exists)

    def start_agent(self, agent: LocalAgent) -> None:
        """Start the agent of a host."""
        argv = [
            *agent.within,
            *module("attune_agent.main", python=agent.python),
            "run",
            "--state",
            str(agent.state),
            "--run",
            str(agent.run),
            "--config",
            str(agent.config),
        ]
        agent.agent = Program(f"agent-{agent.name}", argv, self.logs / f"agent-{agent.name}.log", self.environment)

    def wait_for_agents(self) -> None:
        """Wait until every agent is connected."""
        with self.client() as client:
            for agent in self.agents.values():
                if agent.agent is not None:
                    agent.agent.wait_until(lambda name=agent.name: name in _connected(client))  # type: ignore[misc]  # a default binds it now

    def wait_for_revision(self, commit: str) -> StatusView:
        """Wait until the controller has looked at a commit, live or refused."""
        if self.controller is None:
            raise ProgramFailed("the controller was not started")
        seen: list[StatusView] = []

        with self.client() as client:

            def observed() -> bool:
                seen[:] = [client.get("/v1/status", StatusView)]
                return seen[0].sync.observed_revision == commit

            self.controller.wait_until(observed)
        return seen[0]

    def put_controller_secret(self, name: str, value: str) -> None:
        """Give the controller one of its own secrets."""
        _write_secret(self.controller_state / "secrets", name, value)

    def put_agent_secret(self, agent: LocalAgent, name: str, value: str) -> None:
        """Give a host a secret."""
        _write_secret(agent.state / "agent" / "secrets", name, value)

    def programs(self) -> list[Program]:
        """Return all that were started, agents before executors before the controller."""
        hosts = self.agents.values()
        found = [*(host.agent for host in hosts), *(host.executor for host in hosts), self.controller]
        return [program for program in found if program is not None]

    def stop(self) -> None:
        """Stop everything, in that order."""
        for program in self.programs():
            program.stop()

    def _join(self, agent: LocalAgent) -> None:
        with self.client() as client:
            made = client.post("/v1/join_tokens", {"name": agent.name, "labels": {**agent.labels}, "ttl": 300}, JoinTokenView)
        joined = subprocess.run(
            [*module("attune_cli.main"), "agent", "join", "--state", str(agent.state)],
            input=made.token,
            env=os.environ | dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            start_new_session=True,  # as every program: Ctrl-C is ours
        )
        if joined.returncode:
            raise ProgramFailed(f"{agent.name} could not join: {joined.stderr.strip()}")

    def _write_settings(self, path: Path, *, public: str, agents: str) -> None:
        path.write_text(
            json.dumps(
                {
                    "state": str(self.controller_state),
                    "repository": {"url": self.repository, "poll": self.poll, "allow_local": True, "nudged_by": list(self.nudged_by)},
                    "public": {"listen": public, "names": ["127.0.0.1", "localhost"]},
                    "agents": {"listen": agents, "names": ["127.0.0.1", "localhost"], **self.agent_settings},
                    "limits": self.limits,
                }
            ),
            encoding="utf-8",
        )

    def _write_host_settings(self, agent: LocalAgent) -> None:
        agent.state.mkdir(mode=0o711)
        agent.state.chmod(0o711)
        document = {"network": dict(self.network)} if self.network else {}
        uids = {} if agent.uids is None else {"uids": f"{agent.uids[0]}-{agent.uids[-1]}"}
        settings = {"slots": agent.slots, "path": host_path(), **uids, **document}
        agent.config.write_text(json.dumps(settings), encoding="utf-8")


def memory_directory() -> str | None:
    """Return a tmpfs, None (the usual place of temporary files) where there is none for us."""
    place = Path("/dev/shm")  # noqa: S108 - a fresh directory with an unpredictable name is made in it
    return str(place) if os.access(place, os.W_OK | os.X_OK) else None


def network_settings() -> dict[str, str]:
    """Return what installers need to reach the registries from here: the CA file that this shell is set up with."""
    ca_file = os.environ.get("SSL_CERT_FILE", "")
    return {"ca_file": ca_file} if ca_file and Path(ca_file).is_file() else {}


def host_path() -> tuple[str, ...]:
    """Return the host setting `path` for a host in small: the usual folders first, then those of this shell, for the toolchains in them.

    An activated virtual environment is none of the host's: actions would get its interpreter, which may be the one that we run on.
    """
    shell = (folder for folder in os.environ.get("PATH", "").split(":") if folder.startswith("/") and ".." not in folder)
    hosts = (folder for folder in shell if not Path(folder).with_name("pyvenv.cfg").exists())
    return tuple(dict.fromkeys((*DEFAULT_PATH, *hosts)))


def _connected(client: Client) -> set[str]:
    return {agent.name for agent in client.pages("/v1/agents", Page[AgentView], {}, most=1000) if agent.state == "connected"}


def _address(url: str) -> str:
    return url.partition("://")[2].rstrip("/")


def _write_secret(directory: Path, name: str, value: str) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(value)
