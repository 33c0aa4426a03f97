"""The composition root of the agent: every part is built here or in `assembly`, once, and passed to those that need it.

Called by `main`. Lanes and uplink run side by side until the program is told to stop; actions go on without it.
"""

import asyncio
import json
import os
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path

import structlog

from attune_agent.absence import Absence
from attune_agent.assembly import Assembly, Ports
from attune_agent.confinement import Confinement
from attune_agent.contact import Contact
from attune_agent.ecosystems.protocol import HostTools
from attune_agent.environments.environments import Environments
from attune_agent.environments.host_commands import HostCommands
from attune_agent.environments.probes import Probes
from attune_agent.errors import StateOnNetwork
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import Host
from attune_agent.host_settings import DEFAULT_FILE, HostSettings, Metrics, read_host_settings
from attune_agent.join import read_controller
from attune_agent.layout import Layout
from attune_agent.link import HttpLink, agent_context
from attune_agent.link_port import Link
from attune_agent.log_windows import LogWindows
from attune_agent.packs.packs import Packs
from attune_agent.preparation import Preparation
from attune_agent.secrets import Secrets
from attune_agent.sensors.preparation import SensorPreparation
from attune_agent.sensors.process import Processes
from attune_agent.sensors.sensor import Surroundings
from attune_agent.sensors.sensors import Sensors
from attune_agent.settings import AgentSettings
from attune_agent.state.sqlite import SqliteState
from attune_agent.uplink import Identity
from attune_agent.watch import Watch
from attune_core.addresses import address_of
from attune_core.errors import AttuneError
from attune_core.ids import uuid7
from attune_core.network_disks import network_disk
from attune_core.ports import Clock, Random, SystemClock, SystemRandom
from attune_core.readiness import say_ready
from attune_core.version import VERSION

_log = structlog.get_logger(__name__)

#: How long a request waits for a connection to the executor, seconds; who asks tries again anyway.
_EXECUTOR_LIMIT = 2.0
#: A certificate that ends within this time is said at the start, seconds.
_CERTIFICATE_DUE = 10 * 86_400.0
#: A queue that was not used so long is forgotten at the next start; as long as executions are kept. Seconds.
_QUEUES_KEPT = 30 * 86_400.0
#: Packs on disk beyond which the least recently used that nothing in hand needs are removed, and seconds between two looks.
_PACKS_KEPT, _PACKS_LOOK = 256, 600.0
#: Seconds between two looks at whether the state is whole.
_STATE_LOOK = 1.0


class Agent:
    """One agent process: the assembly, and around it what it needs of the machine."""

    def __init__(self, settings: AgentSettings, *, link: Link, labels: Mapping[str, str], clock: Clock, random: Random) -> None:
        """Build the parts from the bottom up and load what is stored."""
        layout, boot_id = settings.layout, _boot_id()
        self._layout = layout
        self._link, self._config, self._clock = link, settings.config, clock
        self._metrics, self._offline_limit = settings.host.metrics, settings.host.offline_limit
        host = self._host = ExecutorLink(layout.run, connect_limit=_EXECUTOR_LIMIT, on_condition=self._condition)
        self._state = SqliteState(layout.database, instance=uuid7(clock, random))
        self._state.forget_queues(before=clock.now() - _QUEUES_KEPT, now=clock.now())
        loaded = self._state.load()
        self._absence = Absence(layout.absence, boot_id, clock)
        contact = Contact(clock, offline_limit=settings.host.offline_limit, silence=self._absence.silence())
        self._packs = Packs(layout.packs, download=link.pack)
        environments = environments_of(layout, settings.host, host=host, clock=clock)
        self._store = environments.store
        self._sensors = Sensors(
            lambda sensors: Surroundings(
                processes=Processes(host, clock, self._store.release),
                state=self._state.sensors,
                preparation=sensor_preparation_of(layout, settings.host, packs=self._packs, environments=environments),
                contact=contact,
                clock=clock,
                random=random,
                spools=layout.spools,
                spool=settings.host.spool,
                filled=lambda: sensors.filled(),  # noqa: PLW0108 - whoever listens is another one in each session
                changed=lambda: sensors.changed(),  # noqa: PLW0108 - as above
            ),
            self._state.sensors.load(),
            host=host,
            rules=settings.host,
            hold_again=self._store.hold_again,
        )
        preparation = preparation_of(layout, settings.host, packs=self._packs, environments=environments)
        self._assembly = Assembly(
            Ports(state=self._state, link=link, host=host, preparation=preparation, clock=clock, random=random),
            loaded,
            identity=Identity(instance=loaded.instance, boot_id=boot_id, slots=settings.host.slots, labels=labels, facts=_facts()),
            host_pause=settings.host.paused,
            contact=contact,
            sensors=self._sensors,
            logs=lambda fifo: LogWindows(layout.logs, fifo, clock),
            free_bytes=lambda: shutil.disk_usage(layout.agent).free,
            on_settled=self._store.release,
            on_changed=self._note_contact,
        )

    async def run(self) -> None:
        """Work until cancelled; running actions are the executor's and go on."""
        try:
            async with self._host:
                _log.info("agent running", version=VERSION, state=str(self._layout.state), in_hand=len(self._assembly.fifo))
                say_ready()
                await self._assembly.run(self._look_around)
        finally:
            self._layout.ready.unlink(missing_ok=True)
            await self._link.close()
            await self._state.close()

    def read_host_pause(self) -> None:
        """Look into agent.yaml again for `paused` (SIGHUP); a file that is refused changes nothing."""
        try:
            self._assembly.marks.follow_host(read_host_settings(self._config, required=self._config != DEFAULT_FILE).paused)
        except AttuneError as error:
            _log.error("agent.yaml is refused; what it said before holds", error=str(error), remedy=error.hint)

    async def _look_around(self) -> None:
        """Settle in, and end with `StateUnreadable` once the state is found damaged."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._settle_in())
            if self._metrics is not None:
                tasks.create_task(self._show(self._metrics))
            while True:
                self._state.require_whole()
                await self._clock.sleep(_STATE_LOOK)

    async def _show(self, metrics: Metrics) -> None:
        """Answer those who watch; what it needs is not loaded otherwise."""
        from attune_core.metrics.server import MetricsServer

        watch = Watch(
            status=self._assembly.status,
            contact=self._assembly.contact,
            outbox=self._assembly.outbox,
            executor=lambda: self._host.connected,
            offline_limit=self._offline_limit,
        )
        await MetricsServer(watch, address_of(metrics.listen)).run()

    async def _settle_in(self) -> None:
        greeting = await self._assembly.meet_executor(hold_again=self._store.hold_again)
        _log.info("executor found", mode=greeting.mode.value, slots=greeting.slots, bounds=list(greeting.limits))
        await self._store.shrink()
        while True:
            await self._shrink_packs()
            self._absence.note(self._assembly.contact.silent)
            await self._clock.sleep(_PACKS_LOOK)

    async def _shrink_packs(self) -> None:
        if sum(1 for _ in self._layout.packs.iterdir()) <= _PACKS_KEPT:
            return
        try:
            items = list(self._assembly.fifo.items())
            needed = [(await self._state.body(item.execution)).digest for item in items]
            await self._packs.shrink([*needed, *self._sensors.digests()], _PACKS_KEPT)
        except (KeyError, OSError, AttuneError) as error:  # settled meanwhile, or a disk that refuses: at the next look
            _log.info("packs are not removed now", error=str(error))

    def _condition(self, execution: str, attempt: int, condition: str) -> None:
        self._assembly.condition(execution, attempt, condition)

    def _note_contact(self) -> None:
        """Say whether there is a session where tests and the doctor look, and where the next life does."""
        self._absence.note(self._assembly.contact.silent)
        new = self._layout.ready.with_suffix(".new")
        connected = self._assembly.contact.connected
        try:
            new.write_text(json.dumps({"pid": os.getpid(), "version": VERSION, "connected": connected}), encoding="ascii")
            new.replace(self._layout.ready)
        except OSError as error:  # a full disk: what runs goes on, and who looks sees the last word that was written
            _log.warning("readiness is not on disk", error=str(error))


def build(settings: AgentSettings, clock: Clock | None = None, random: Random | None = None) -> Agent:
    """Build the agent of a state directory that has joined; `NotJoined`, `ControllerUntrusted` and the errors of its state."""
    layout = settings.layout
    if not settings.host.allow_network_state and (kind := network_disk(layout.state)):
        raise StateOnNetwork(f"{layout.state} lies on {kind}")
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


def sensor_preparation_of(layout: Layout, settings: HostSettings, *, packs: Packs, environments: Environments) -> SensorPreparation:
    """Build what prepares sensors on this host."""
    return SensorPreparation(
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
