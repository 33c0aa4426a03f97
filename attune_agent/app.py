"""The composition root of the agent: every part is built here, once, and passed to those that need it; the map of the program.

Called by `main`. The lanes and the uplink run side by side until the program is told to stop; actions go on without it.
"""

import asyncio
import json
import os
import platform
import shutil
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from pathlib import Path

import structlog

from attune_agent.attempt import Attempts
from attune_agent.confinement import Confinement
from attune_agent.contact import Contact
from attune_agent.ecosystems.protocol import HostTools
from attune_agent.environments.environments import Environments
from attune_agent.environments.host_commands import HostCommands
from attune_agent.environments.probes import Probes
from attune_agent.executor_link import ExecutorLink
from attune_agent.fifo import Fifo
from attune_agent.host import Host
from attune_agent.host_settings import DEFAULT_FILE, HostSettings, read_host_settings
from attune_agent.inbox import Inbox
from attune_agent.join import read_controller
from attune_agent.lane import Lanes
from attune_agent.layout import Layout
from attune_agent.ledger import Ledger
from attune_agent.link import HttpLink, agent_context
from attune_agent.link_port import Link
from attune_agent.log_windows import LogWindows
from attune_agent.marks import Marks
from attune_agent.outbox import Outbox
from attune_agent.packs.packs import Packs
from attune_agent.policies import Policies
from attune_agent.preparation import Preparation
from attune_agent.recovery import await_executor, sweep, waiting_again
from attune_agent.secrets import Secrets
from attune_agent.settings import AgentSettings
from attune_agent.state.records import Item
from attune_agent.state.sqlite import SqliteState
from attune_agent.uplink import Identity, Uplink
from attune_core.errors import AttuneError
from attune_core.ids import uuid7
from attune_core.ports import Clock, Random, SystemClock, SystemRandom
from attune_core.version import VERSION
from attune_core.wire.frames import Status

_log = structlog.get_logger(__name__)

#: How long a request waits for a connection to the executor, seconds; who asks tries again anyway.
_EXECUTOR_LIMIT = 2.0
#: A certificate that ends within this time is said at the start, seconds.
_CERTIFICATE_DUE = 10 * 86_400.0
#: Queues named in a status frame.
_QUEUES_SHOWN = 100
#: Packs on disk beyond which those that nothing in hand needs are removed at the start.
_PACKS_KEPT = 256


class Agent:
    """One agent process."""

    def __init__(self, settings: AgentSettings, *, link: Link, labels: Mapping[str, str], clock: Clock, random: Random) -> None:
        """Build the parts from the bottom up and load what is stored."""
        layout = self._layout = settings.layout
        self._slots, self._link, self._clock, self._config = settings.host.slots, link, clock, settings.config
        host = self._host = ExecutorLink(layout.run, connect_limit=_EXECUTOR_LIMIT, on_condition=self._condition)
        self._tasks: asyncio.TaskGroup | None = None
        self._state = SqliteState(layout.database, instance=uuid7(clock, random))
        loaded = self._state.load()
        policies = Policies(loaded.revision, loaded.policies)
        self._fifo = Fifo(loaded.held, [self._restored(item, policies) for item in loaded.items])
        self._packs = Packs(layout.packs, download=link.pack)
        outbox = Outbox(self._state, loaded.outbox)
        environments = environments_of(layout, settings.host, host=host, clock=clock)
        self._store = environments.store
        ledger = Ledger(fifo=self._fifo, state=self._state, outbox=outbox, clock=clock, on_settled=self._store.release)
        self._contact = Contact(clock)
        self._marks = Marks(self._state, paused=loaded.paused, draining=loaded.draining, host_pause=settings.host.paused)
        preparation = preparation_of(layout, settings.host, packs=self._packs, environments=environments)
        attempts = Attempts(ledger=ledger, host=host, preparation=preparation, policies=policies, clock=clock, closed=self._closed)
        self._lanes = Lanes(fifo=self._fifo, policies=policies, attempts=attempts, clock=clock, slots=self._slots, closed=self._closed)
        self._marks.changed = self._lanes.touch_all
        inbox = Inbox(fifo=self._fifo, ledger=ledger, state=self._state, policies=policies, attempts=attempts, spawn=self._spawn)
        inbox.policies_changed = self._lanes.touch_all
        self._uplink = Uplink(
            link=link,
            identity=Identity(instance=loaded.instance, boot_id=_boot_id(), slots=self._slots, labels=labels, facts=_facts()),
            previous=loaded.session,
            fifo=self._fifo,
            inbox=inbox,
            outbox=outbox,
            state=self._state,
            contact=self._contact,
            marks=self._marks,
            logs=LogWindows(layout.logs, self._fifo, self._clock),
            status=self._status,
            changed=self._changed,
            clock=clock,
            random=random,
        )

    async def run(self) -> None:
        """Work until cancelled; running actions are the executor's and go on."""
        try:
            async with self._host, asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                _log.info("agent running", version=VERSION, state=str(self._layout.state), slots=self._slots, in_hand=len(self._fifo))
                self._changed()
                tasks.create_task(self._lanes.run())
                tasks.create_task(self._uplink.run())
                tasks.create_task(self._settle_in())
                try:
                    await asyncio.get_running_loop().create_future()  # for ever
                finally:
                    self._tasks = None  # nothing is begun any more while the group ends what is under way
        finally:
            self._layout.ready.unlink(missing_ok=True)
            await self._link.close()
            await self._state.close()

    def read_host_pause(self) -> None:
        """Look into agent.yaml again for `paused` (SIGHUP); a file that is refused changes nothing."""
        try:
            self._marks.follow_host(read_host_settings(self._config, required=self._config != DEFAULT_FILE).paused)
        except AttuneError as error:
            _log.error("agent.yaml is refused; what it said before holds", error=str(error), remedy=error.hint)

    def _closed(self) -> str:
        return self._marks.closed() or self._contact.closed()

    async def _settle_in(self) -> None:
        greeting = await await_executor(self._host, self._clock)
        _log.info("executor found", mode=greeting.mode.value, slots=greeting.slots, bounds=list(greeting.limits))
        self._lanes.slots = min(self._slots, greeting.slots)
        await sweep(self._host, self._fifo, hold_again=self._store.hold_again)
        await self._store.shrink()
        if sum(1 for _ in self._layout.packs.iterdir()) > _PACKS_KEPT:
            await self._packs.keep_only([(await self._state.body(item.execution)).digest for item in list(self._fifo.items())])

    def _condition(self, execution: str, attempt: int, condition: str) -> None:
        """The executor cannot empty an attempt: its queue is held, and says why."""
        _log.error("an attempt cannot be ended", execution=execution, attempt=attempt, condition=condition)
        item = self._fifo.item(execution)
        if item is not None and item.attempt == attempt:
            self._fifo.replace(replace(item, note=f"{condition}: a process of attempt {attempt} of {execution} cannot be ended"))

    def _restored(self, item: Item, policies: Policies) -> Item:
        longest = policies.of(item).retry.maximum_interval
        return waiting_again(item, wall=self._clock.now(), monotonic=self._clock.monotonic(), longest=longest)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        if self._tasks is None:
            work.close()  # the controller repeats it in the next session
        else:
            self._tasks.create_task(work)

    def _status(self) -> Status:
        free = shutil.disk_usage(self._layout.agent).free
        return Status(
            slots=self._lanes.slots,
            busy=self._lanes.busy,
            queues=self._lanes.status(limit=_QUEUES_SHOWN),
            free_bytes=free,
            paused=self._marks.paused is not None,
            draining=self._marks.draining is not None,
            in_hand=len(self._fifo),
            host_pause=self._marks.host_pause,
        )

    def _changed(self) -> None:
        """The session began or ended: say it where tests and the doctor look, and let starts be considered again."""
        new = self._layout.ready.with_suffix(".new")
        try:
            new.write_text(json.dumps({"pid": os.getpid(), "version": VERSION, "connected": self._contact.connected}), encoding="ascii")
            new.replace(self._layout.ready)
        except OSError as error:  # a full disk: what runs goes on, and who looks sees the last word that was written
            _log.warning("readiness is not on disk", error=str(error))
        self._lanes.touch_all()


def build(settings: AgentSettings, clock: Clock | None = None, random: Random | None = None) -> Agent:
    """Build the agent of a state directory that has joined; `NotJoined`, `ControllerUntrusted` and the errors of its state."""
    layout = settings.layout
    controller = read_controller(layout)
    layout.prepare()
    context = agent_context(authority=layout.authority, certificate=layout.certificate, key=layout.key)
    clock = clock or SystemClock()
    left = controller.certificate_expires_at - clock.now()
    if controller.certificate_expires_at and left < _CERTIFICATE_DUE:
        days = round(max(left, 0.0) / 86_400, 1)
        _log.warning("the agent's certificate ends soon", days=days, remedy="join again: attune agent join --force keeps the work")
    return Agent(
        settings,
        link=HttpLink(controller.agent_url, context=context, proxy=settings.proxy),
        labels=controller.labels,
        clock=clock,
        random=random or SystemRandom(),
    )


def environments_of(layout: Layout, settings: HostSettings, *, host: Host, clock: Clock) -> Environments:
    """Build what makes environments on this host; local runs and the commands of `attune agent environments` use the same."""
    commands = HostCommands(host, logs=layout.logs, lock=layout.environments / ".builder", clock=clock)
    tools = HostTools(
        path=settings.path,
        network=settings.network.variables(),
        ca_file=settings.network.ca_file,
        installers=layout.environments / ".installers",
        cache=layout.environments / ".cache",
        probes=Probes(commands),
        credentials=lambda: settings.network.logins(_secrets(layout, settings).text),
    )
    return Environments(layout.environments, host=tools, run=commands, bound=settings.environments.size)


def preparation_of(layout: Layout, settings: HostSettings, *, packs: Packs, environments: Environments) -> Preparation:
    """Build what prepares attempts on this host; a local run uses the same."""
    return Preparation(
        packs=packs,
        environments=environments,
        secret=_secrets(layout, settings).text,
        path=settings.path,
        confinement=Confinement(settings, (layout.state,), layout.environments),
    )


def _secrets(layout: Layout, settings: HostSettings) -> Secrets:
    return Secrets(Path(settings.secrets) if settings.secrets else layout.secrets)


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _facts() -> dict[str, str]:
    """Return what people want to know of a host in a list of agents."""
    system = platform.uname()
    return {
        "os": system.system.lower(),
        "kernel": system.release,
        "arch": system.machine,
        "hostname": system.node,
        "python": platform.python_version(),
    }
