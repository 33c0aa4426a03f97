"""The controller's composition root: every part is built here, once, and given what it needs.

Called by `main` and by tests; what comes out runs in `running`. What an event passes is put together in `assembly`; here comes around it
what the machine gives: git, files, certificates, listeners.
"""

import contextlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from starlette.types import Scope

from attune_controller.assembly import Assembly, Loop
from attune_controller.bounds import Bounds
from attune_controller.ends import Ends, open_ends
from attune_controller.errors import StateOnNetwork, StateRefused
from attune_controller.expiring import Expiring
from attune_controller.explaining.explainer import Explainer
from attune_controller.explaining.revisions import Revisions
from attune_controller.explaining.sources import Sources
from attune_controller.git_source import GitSource, Remote
from attune_controller.hooks.receive import Hooks
from attune_controller.http.app import build_agent_app, build_public_app
from attune_controller.http.limits import AGENT_LIMITS
from attune_controller.http.listener import Listener
from attune_controller.http.parts import Parts
from attune_controller.http.replies import Replies
from attune_controller.http.tls import ServedCertificate, keep_fresh
from attune_controller.identity.agents import AgentCertificates
from attune_controller.identity.ca import Authority, open_authority
from attune_controller.identity.enrolment import Enrolments
from attune_controller.identity.join_tokens import JoinTokens
from attune_controller.identity.private_file import write_private
from attune_controller.identity.tokens import ApiTokens
from attune_controller.packs import PackStore
from attune_controller.presence import Presence
from attune_controller.reconcile.examine import Examiner
from attune_controller.reconcile.read_revision import read_revision
from attune_controller.reconcile.reconciler import Reconciler
from attune_controller.reconcile.steps import Tools
from attune_controller.retention import Forgetting
from attune_controller.running import Controller
from attune_controller.secrets import ControllerSecrets
from attune_controller.sessions.routes import AgentRequests
from attune_controller.settings import ControllerSettings
from attune_controller.store.port import Store
from attune_controller.store.records.agents import Agent
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_controller.store_watch import watch_store
from attune_controller.suspects import Suspects
from attune_controller.watched.watch import Watch
from attune_core.addresses import address_of
from attune_core.network_disks import network_disk
from attune_core.ports import Clock, Random
from attune_core.readiness import say_ready

#: In the state directory: where the controller listens (while it does), and the first admin token.
LISTENING, ADMIN_TOKEN = "listening.json", "admin-token"


async def build(settings: ControllerSettings, clock: Clock, random: Random) -> Controller:
    """Open the store and compose a controller; `StateRefused`, `StoreLocked` and the other StartErrors say why not."""
    state = settings.state
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StateRefused(f"{state}: {error.strerror}") from error
    if not settings.allow_network_state and (kind := network_disk(state)):
        raise StateOnNetwork(f"{state} lies on {kind}")
    store = await open_sqlite_store(state / "store", random=random)
    try:
        (state / LISTENING).unlink(missing_ok=True)  # left by a crash; only now is it sure that no other controller lives here
        authority = open_authority(state / "ca", clock.now())
        ends = open_ends(settings, authority, state / "ca", clock.now())
        return _Composition(settings=settings, clock=clock, random=random, store=store, authority=authority, ends=ends).controller()
    except BaseException:
        await store.close()
        raise


class _Composition:
    """The assembly, and around it what it needs of the machine: git, files, certificates and listeners."""

    def __init__(
        self, *, settings: ControllerSettings, clock: Clock, random: Random, store: Store, authority: Authority, ends: Ends
    ) -> None:
        self.settings, self.clock, self.random, self.store, self.authority, self.ends = settings, clock, random, store, authority, ends
        self.assembly = Assembly(
            store=store, clock=clock, random=random, agent_wait=settings.agents.wait, suspects=Suspects(settings.state / "suspects.json")
        )
        self.assembly.planner.bound.limit, self.assembly.backlog.limit = settings.limits.queue, settings.limits.executions
        self.bounds = Bounds(self.assembly.bounds())
        self.tools = _tools(settings)
        rates = settings.limits.events_per_second
        self.assembly.rates.set(rates.default, rates.sources)
        self.reconciler = Reconciler(
            self.tools, store, self.assembly.active, clock, random, poll=settings.repository.poll, planned=self.assembly.planner.wake
        )
        self.reconciler.told = self.assembly.telling.revision
        self.certificates = AgentCertificates(store, clock)
        self.assembly.departing.void = self.certificates.void
        self.tokens = ApiTokens(store, clock, random)

    def controller(self) -> Controller:
        """Return the whole."""
        listening = self.settings.state / LISTENING
        requests = self.assembly.requests(_agent_of, self.tools.packs, ping=self.settings.agents.ping)
        listeners = _listeners(self._parts(), requests, self.certificates, self.ends)
        self.bounds.holders.extend(listener.bounds for listener in listeners)
        return Controller(
            store=self.store,
            clock=self.clock,
            sessions=self.assembly.sessions,
            changes=self.assembly.changes,
            listeners=listeners,
            loops={
                "reconcile": self.reconciler.run,
                **self.assembly.loops,
                "store": lambda: watch_store(self.store, self.clock),
                "retention": Forgetting(self.store, self.tools.packs, self.assembly.active, self.clock, self.settings.retention).run,
                "presence": Presence(self.store, self.assembly.fleet, self.clock, self.random, self.assembly.planner.wake).run,
                "expiring": Expiring(
                    self.store,
                    self.authority.certificate,
                    _served(self.ends),
                    clock=self.clock,
                    random=self.random,
                    planned=self.assembly.planner.wake,
                ).run,
                "certificates": lambda: keep_fresh(self.ends.certificate.refresh, _served(self.ends), self.clock),
                **self._metrics(),
            },
            restore=self._restore,
            announce=lambda: _announce(listening, self.authority, self.ends),
            withdraw=lambda: _withdraw(listening),
        )

    def _metrics(self) -> Mapping[str, Loop]:
        """Return what answers those who watch, if anybody may; what it needs is not loaded otherwise."""
        if self.settings.metrics is None:
            return {}
        from attune_core.metrics.server import MetricsServer

        watch = Watch(store=self.store, assembly=self.assembly, bounds=self.bounds)
        return {"metrics": MetricsServer(watch, address_of(self.settings.metrics.listen)).run}

    def _parts(self) -> Parts:
        """Return what the public listener's endpoints work with."""
        store, clock, random, ends, assembly = self.store, self.clock, self.random, self.ends, self.assembly
        secrets, replies = ControllerSecrets(self.settings.state / "secrets"), Replies(clock)
        self.bounds.holders.append(replies.bounds)
        return Parts(
            store=store,
            intake=assembly.intake,
            active=assembly.active,
            fleet=assembly.fleet,
            cancels=assembly.cancellation,
            marking=assembly.marking,
            departing=assembly.departing,
            requeueing=assembly.requeueing,
            holding=assembly.holding,
            sensing=assembly.sensing,
            letters=assembly.letters,
            bounds=self.bounds,
            logs=assembly.logs,
            explainer=self._explainer(),
            progress_of=assembly.timers.progress,
            changes=assembly.changes,
            tally=assembly.tally,
            rated_until=assembly.sessions.rated_until,
            hooks=Hooks(
                assembly.intake, assembly.active, secrets, clock, random, accepted=self._delivered, refused=assembly.tally.hook_refused
            ),
            tokens=self.tokens,
            join_tokens=JoinTokens(store, clock, random, public_url=ends.public.url, authority=self.authority.fingerprint),
            enrolments=Enrolments(store, self.authority, clock, random, agent_url=ends.agents.url, newcomers=[self._enrolled]),
            replies=replies,
            clock=clock,
            random=random,
            authority=self.authority.certificate,
            repository=self.settings.repository.url,
            branch=self.settings.repository.branch,
            started_at=clock.now(),
        )

    def _explainer(self) -> Explainer:
        """Return what says why."""
        revisions = Revisions(self.assembly.active, self.tools.source, self.tools.read)
        sources = Sources(
            store=self.store,
            fleet=self.assembly.fleet,
            revisions=revisions,
            clock=self.clock,
            agent_wait=self.settings.agents.wait,
            locked=self.assembly.clones.locked,
            rated_until=self.assembly.sessions.rated_until,
        )
        return Explainer(sources)

    async def _restore(self) -> None:
        """What has to be known before anybody is answered."""
        await self.tokens.write_first(self.settings.state / ADMIN_TOKEN)
        await self.assembly.restore()
        await self.reconciler.restore()

    def _enrolled(self, agents: Iterable[Agent]) -> None:
        """An older certificate of a new agent's name is void."""
        enrolled = tuple(agents)
        self.certificates.forget(enrolled)
        self.assembly.enrolled(enrolled)

    def _delivered(self, hook: str) -> None:
        """A delivery may say that there is a new commit."""
        if hook in self.settings.repository.nudged_by:
            self.reconciler.nudge()


def _tools(settings: ControllerSettings) -> Tools:
    repository, limits = settings.repository, settings.limits
    remote = Remote(url=repository.url, branch=repository.branch, local=repository.allow_local)
    mirror = settings.state / "mirror.git"
    return Tools(
        source=GitSource(mirror, remote, seconds=limits.fetch_time, size=limits.repository_size),
        packs=PackStore(settings.state / "packs"),
        examine=Examiner(mirror, memory=limits.check_memory, seconds=limits.check_time).examine,
        read=lambda commit: read_revision(mirror, commit),
        allow_rewind=repository.allow_rewind,
    )


def _listeners(parts: Parts, requests: AgentRequests, certificates: AgentCertificates, ends: Ends) -> list[Listener]:
    public, agents = ends.public, ends.agents
    inner = build_agent_app(requests.routes(), certificates)
    return [
        Listener("public", build_public_app(parts), public.sockets, tls=public.served.context if public.served else None),
        Listener("agents", inner, agents.sockets, tls=agents.served.context if agents.served else None, limits=AGENT_LIMITS),
    ]


def _agent_of(scope: Scope) -> str:
    """Return the name that AgentGuard read from the certificate."""
    return str(scope["state"]["agent"])


def _served(ends: Ends) -> list[ServedCertificate]:
    return [end.served for end in (ends.public, ends.agents) if end.served]


def _withdraw(place: Path) -> None:
    """Take that back; on a disk that is gone it cannot be, and why the controller ends is to be said, not this."""
    with contextlib.suppress(OSError):
        place.unlink(missing_ok=True)


def _announce(place: Path, authority: Authority, ends: Ends) -> None:
    """Write where the controller listens; who finds the file finds the controller ready."""
    found = {"public": ends.public.url, "agents": ends.agents.url, "ca_fingerprint": authority.fingerprint}
    write_private(place, json.dumps(found).encode() + b"\n")
    say_ready()
