"""A controller's public side for tests: a real repository, catalog, intake and store; only logs and cancels are simple."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from attune_controller.backlog import Backlog
from attune_controller.bounds import Bounds
from attune_controller.dead_letters import Letters
from attune_controller.departing import Departing
from attune_controller.explaining.explainer import Explainer
from attune_controller.explaining.revisions import Revisions
from attune_controller.explaining.sources import Sources
from attune_controller.fleet import Fleet
from attune_controller.git_source import Change
from attune_controller.holding import Holding
from attune_controller.hooks.receive import Hooks
from attune_controller.http.app import build_public_app
from attune_controller.http.limits import HttpLimits
from attune_controller.http.parts import Parts
from attune_controller.http.replies import Replies
from attune_controller.identity.ca import open_authority
from attune_controller.identity.enrolment import Enrolments
from attune_controller.identity.join_tokens import JoinTokens
from attune_controller.identity.tokens import ApiTokens
from attune_controller.intake import Intake
from attune_controller.marking import Marking
from attune_controller.planning import Planner
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.requeueing import Requeueing
from attune_controller.secrets import ControllerSecrets
from attune_controller.sensing import Sensing
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.source_rates import SourceRates
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.port import Store
from attune_controller.store.records.executions import Execution, Move, QueueKey
from attune_controller.store.records.timers import Progress
from attune_controller.watched.changes import Changes
from attune_controller.watched.tally import Tally
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import load
from attune_core.ports import SystemClock, SystemRandom
from attune_core.states import Outcome, Reason, State
from attune_core.wire.agent_frames import LogWindow
from attune_core.wire.stream_frames import ReadLog
from tests.controller.clocks import StandingClock
from tests.controller.http.serving import listening, port_of

SECRET = b"the secret that GitHub has"
WEBHOOK = """verify: github
secret: ${{ controller.secrets.github }}
trigger: 'github.${{ headers["x-github-event"] }}'
allow: [push, pull_request]
"""
FILES: Mapping[str, str] = {
    "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
    "packs/github/pack.yaml": "name: github\nversion: 1.0.0\ndescription: What GitHub sends\n",
    "packs/github/triggers/push.yaml": (
        "description: A push\n"
        "data: {type: object, required: [ref], properties: {ref: {type: string}, commits: {type: array, items: {type: object}}}}\n"
    ),
    "packs/github/triggers/pull_request.yaml": (
        "description: A pull request\ndata: {type: object, required: [number], properties: {number: {type: integer}}}\n"
    ),
    "packs/web/pack.yaml": "name: web\nversion: 1.0.0\ndescription: The web tier\n",
    "packs/web/triggers/alert.yaml": "description: An alert\ndata: {type: object, required: [unit], properties: {unit: {type: string}}}\n",
    "packs/web/actions/restart.yaml": "description: Restart a unit\nrun: [sh, restart.sh]\nparameters: {unit: {type: string}}\n",
    "packs/web/actions/restart.sh": "exit 0\n",
    "packs/web/rules/restart_on_alert.yaml": (
        "description: Restart what failed\ntrigger: web.alert\nwhen: event.data.unit.startsWith('web_')\naction: web.restart\n"
        "input: {unit: '${{ event.data.unit }}'}\nagents: {match: {role: web, host: 'h-${{ event.data.unit }}'}, pick: all}\n"
    ),
    "webhooks/github.yaml": WEBHOOK,
    "webhooks/other.yaml": WEBHOOK.replace("secrets.github", "secrets.other"),
    "webhooks/ids.yaml": WEBHOOK + "replay: id\n",
    "webhooks/unready.yaml": WEBHOOK.replace("secrets.github", "secrets.missing"),
}


class KeptLogs:
    """Logs that are there at once; `asked` is what the relay would have sent to an agent."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ReadLog]] = []
        self.missing = False

    async def read(self, agent: str, question: ReadLog) -> LogWindow:
        self.asked.append((agent, question))
        content = base64.b64encode(b"hello\x00\xff").decode()
        return LogWindow(request="", offset=question.offset, content=content, total=7, ended=True, missing=self.missing)


class EmptyMirror:
    """A mirror that holds no revision, and knows who changed a file."""

    async def has(self, commit: str) -> bool:
        return not commit

    async def last_change(self, commit: str, path: str) -> Change | None:
        return Change(commit=commit, author="Ann", at="2026-01-30T10:00:00+01:00", subject=f"Change {path}")


@dataclass
class StoreCancels:
    """What Cancellation does for an execution that no agent has."""

    store: Store
    details: list[str] = field(default_factory=list)

    async def cancel(self, execution: Execution, reason: Reason, detail: str = "") -> Execution:
        self.details.append(detail)
        move = Move(
            execution=execution.new.id, attempt=0, state=State.SETTLED, at=1.0, outcome=Outcome.CANCELLED, reason=reason, detail=detail
        )
        return await self.store.request_cancel(execution.new.id, move)


class House:
    """Everything behind the public listener."""

    def __init__(self, folder: Path, store: Store | None = None) -> None:
        self.folder, self.clock, self.random = folder, StandingClock(), SystemRandom()
        self.store: Store = store or MemoryStore("life-1")
        self.active, self.fleet, self.logs, self.woken = ActiveCatalog(), Fleet(), KeptLogs(), 0
        self.cancels, self.delivered, self.refused = StoreCancels(self.store), list[str](), list[tuple[str, str]]()
        self.tokens = ApiTokens(self.store, self.clock, self.random)
        self.authority = open_authority(folder / "ca", self.clock.now())
        self.write_secret("github", SECRET)
        self.write_secret("other", b"another secret")
        self.activate(FILES)
        self.locked = set[str]()
        #: When a rate of all agents lets more of a queue go.
        self.rated: dict[QueueKey, float] = {}
        self.progress: dict[str, Progress] = {}
        self.marking = Marking(self.store, self.fleet, OpenSessions(), clock=self.clock, random=self.random, changed=self._wake)
        planner = Planner(self.store, self.active, self.fleet, self.clock, self.random, planned=lambda _agent: None)
        self.departing = Departing(self.store, self.fleet, OpenSessions(), self.marking, planner, clock=self.clock, random=self.random)
        self.backlog = Backlog(self.store, self.clock)
        self.rates = SourceRates(self.clock)
        self.requeueing = Requeueing(self.store, OpenSessions(), lambda _execution: None)
        self.holding = Holding(self.store, OpenSessions(), clock=self.clock, random=self.random)
        self.sensing = Sensing(self.store, self.fleet, OpenSessions(), self.active, clock=self.clock, random=self.random)
        self.changes = Changes(SystemClock(), self.random)
        self.parts = self._parts()

    def write_secret(self, name: str, value: bytes, mode: int = 0o600) -> None:
        place = self.folder / "secrets" / name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(value)
        place.chmod(mode)

    def activate(self, files: Mapping[str, str]) -> None:
        root = self.folder / "repository"
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        loaded = load(FolderTree(root), "a" * 40)
        assert loaded.catalog is not None, loaded.problems
        self.active.swap(loaded.catalog)

    def _wake(self) -> None:
        self.woken += 1

    def _summon(self) -> bool:
        self.woken += 1
        return False

    def sources(self) -> Sources:
        revisions = Revisions(self.active, EmptyMirror(), lambda commit: load(FolderTree(self.folder), commit))
        return Sources(
            store=self.store,
            fleet=self.fleet,
            revisions=revisions,
            clock=self.clock,
            agent_wait=600.0,
            locked=self.locked.__contains__,
            rated_until=lambda _name, queue: self.rated.get(queue, 0.0),
        )

    def _parts(self) -> Parts:
        intake = self.intake = Intake(
            self.store, self.active, summon=self._summon, glance=self._wake, backlog=self.backlog, rates=self.rates
        )
        secrets = ControllerSecrets(self.folder / "secrets")
        return Parts(
            store=self.store,
            intake=intake,
            active=self.active,
            fleet=self.fleet,
            cancels=self.cancels,
            marking=self.marking,
            departing=self.departing,
            requeueing=self.requeueing,
            holding=self.holding,
            sensing=self.sensing,
            bounds=Bounds([self.backlog.bounds]),
            letters=Letters(self.store, intake, self.backlog, clock=self.clock, random=self.random, planned=self._wake),
            logs=self.logs,
            explainer=Explainer(self.sources()),
            changes=self.changes,
            tally=Tally(self.clock),
            rated_until=lambda _name, queue: self.rated.get(queue, 0.0),
            progress_of=self.progress.get,
            hooks=Hooks(
                intake,
                self.active,
                secrets,
                self.clock,
                self.random,
                accepted=self.delivered.append,
                refused=lambda hook, code: self.refused.append((hook, code)),
            ),
            tokens=self.tokens,
            join_tokens=JoinTokens(
                self.store, self.clock, self.random, public_url="https://localhost:7443", authority=self.authority.fingerprint
            ),
            enrolments=Enrolments(
                self.store, self.authority, self.clock, self.random, agent_url="https://localhost:7444", newcomers=[self.fleet.enrolled]
            ),
            replies=Replies(self.clock),
            clock=self.clock,
            random=self.random,
            authority=self.authority.certificate,
            repository="https://user:password@git.example/repo.git",
            branch="main",
            started_at=self.clock.now(),
        )

    @asynccontextmanager
    async def client(self, *scopes: str, limits: HttpLimits | None = None) -> AsyncIterator[httpx2.AsyncClient]:
        """Serve, and connect with a token of these scopes (none: without a token)."""
        headers = {}
        if scopes:
            _, text = await self.tokens.create(f"t{self.random.bytes(4).hex()}", scopes)
            headers["authorization"] = f"Bearer {text}"
        app = build_public_app(self.parts)
        async with (
            listening(app, limits=limits) as listener,
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port_of(listener)}", headers=headers, trust_env=False, verify=False) as client,
        ):
            yield client
