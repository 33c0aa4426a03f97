"""Both stores, asked the same at random, answer the same; and the counters of the one on SQLite are what counting would give."""

import asyncio
import math
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import apsw
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from attune_controller.departures import end_when_anew, end_when_forgotten
from attune_controller.merging import end_of_unknown
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.port import Store
from attune_controller.store.records.agents import Held
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.records.executions import FLEET
from attune_controller.store.records.groups import EndedGroup, Plan
from attune_controller.store.records.queues import Hold, Terms
from attune_controller.store.records.sensors import Seat
from attune_controller.store.sqlite.checking import RULES
from attune_controller.store.sqlite.store import SqliteStore, open_sqlite_store
from attune_core.errors import AttuneError
from attune_core.marks import Mark, MarkKind
from attune_core.rules.groups import Group, Member
from attune_core.rules.throttling import Admission, ThrottleKey
from attune_core.states import Reason, State
from attune_core.wire.assignment import Rate
from tests.controller.store.making import agent, cancelled, event, given_back, move, plan, queue, request

T = TypeVar("T")

AGENTS = st.sampled_from(["web1", "web2"])
KEYS = st.sampled_from(["null", '"x"'])
QUEUES = st.builds(lambda agent, key: queue(agent, key=key), st.sampled_from(["web1", "web2", FLEET]), KEYS)
TERMS = st.sampled_from([{}, {"web.restart": Terms(limit=2)}, {"web.restart": Terms(limit=3, rate=Rate(limit=2, per=4.0))}])
EXECUTIONS = st.integers(1, 24).map(lambda number: f"e{number}")
SEATS = st.lists(
    st.builds(
        Seat,
        sensor=st.sampled_from(["web.disk", "web.log"]),
        agent=st.sampled_from(["web1", "web2"]),
        emits=st.frozensets(st.sampled_from(["web.full", "web.alert"])),
        since=st.sampled_from([1.0, 2.5]),
        held=st.booleans(),
        failover=st.sampled_from([0.0, 300.0]),
    ),
    max_size=3,
)
CLAIMS = st.lists(
    st.builds(lambda of, epoch, last: Held(queue=of, epoch=epoch, last=last), QUEUES, st.sampled_from([0, 0, 0, 1]), st.integers(0, 9)),
    max_size=4,
)
MOVES = st.lists(
    st.tuples(EXECUTIONS, st.sampled_from([*State, State.QUEUED, State.STARTED, State.SETTLED]), st.integers(0, 3), st.integers(0, 9)),
    max_size=4,
)
REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["", "web1", "web1", "web2"]),
        KEYS,
        st.sampled_from([None, None, None, Reason.POLICY_DENIED]),
        st.integers(0, 300),
        st.booleans(),
    ),
    max_size=4,
)
THROTTLE_KEYS: list[ThrottleKey] = [(rule, key) for rule in ("web.a", "web.b") for key in ("null", '"x"')]
ADMISSIONS = st.dictionaries(
    st.sampled_from(THROTTLE_KEYS), st.integers(0, 9).map(lambda at: Admission(at=float(at), until=at + 3.0)), max_size=3
)


async def begin(store: Store) -> None:
    """Start where something can happen to everything: queues with work, some of it handed over."""
    places = [("web1", "null"), ("web1", "null"), ("web2", '"x"'), ("", "null")]
    for position in range(1, 5):
        await store.accept_event(event(f"{position}", source="a"))
        names = [f"e{4 * position - 3 + part}" for part in range(4)]
        wanted = (request(name, position, agent=agent, key=key) for name, (agent, key) in zip(names, places, strict=True))
        await store.record_plans([plan(position, *wanted)])
    for name in ("web1", "web2"):
        await store.add_join_token(JoinToken(token_hash=name, name=name, labels={}, expires_at=1000.0))
        await store.enrol(agent(name), name, 500.0)
    await store.take_handovers("web1", window=3, window_bytes=5000, limit=4)
    await store.take_handovers("web2", window=3, window_bytes=5000, limit=2)


class Agreement(RuleBasedStateMachine):
    """One store in memory and one on disk, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.memory = MemoryStore()
        self.sqlite: SqliteStore = self.runner.run(open_sqlite_store(self.folder / "store"))
        self.executions = 0

    def both(self, ask: Callable[[Store], Awaitable[T]]) -> T | None:
        """Ask both and compare the answers or refusals."""

        async def answer(store: Store) -> tuple[T | None, type[AttuneError] | None]:
            try:
                return await ask(store), None
            except AttuneError as error:
                return None, type(error)

        expected = self.runner.run(answer(self.memory))
        assert self.runner.run(answer(self.sqlite)) == expected
        return expected[0]

    @initialize()
    def begin(self) -> None:
        self.both(begin)
        self.executions = 16

    @rule(
        number=st.integers(1, 12),
        source=st.sampled_from("ab"),
        digest=st.sampled_from(["", "", "1", "2"]),
        dead=st.sampled_from(["", "", "dead"]),
    )
    def accept(self, number: int, source: str, digest: str, dead: str) -> None:
        self.both(lambda store: store.accept_event(event(f"{number}", source=source, body_digest=digest, dead_reason=dead)))

    @rule(
        positions=st.lists(st.integers(1, 25), min_size=1, max_size=2),
        wanted=REQUESTS,
        repeat=st.integers(0, 5),
        admissions=ADMISSIONS,
        over_before=st.integers(0, 9).map(float),
    )
    def plan(
        self,
        positions: list[int],
        wanted: list[tuple[str, str, Reason | None, int, bool]],
        repeat: int,
        admissions: dict[ThrottleKey, Admission],
        over_before: float,
    ) -> None:
        plans = []
        for position in positions:
            requests = []
            for place, key, rejected, size, fleet in wanted:
                self.executions += repeat > 0  # now and then an id comes twice
                name, unit = f"e{self.executions}", "ü" * size
                requests.append(request(name, position, agent=place, key=key, rejected=rejected, unit=unit, fleet=fleet))
            plans.append(replace(plan(position, *requests), admissions=admissions))
        self.both(lambda store: store.record_plans(plans, over_before=over_before))

    @rule(
        number=st.integers(1, 12),
        source=st.sampled_from("ab"),
        digest=st.sampled_from(["", "", "1"]),
        wanted=REQUESTS,
        at=st.integers(0, 9),
    )
    def accept_planned(
        self, number: int, source: str, digest: str, wanted: list[tuple[str, str, Reason | None, int, bool]], at: int
    ) -> None:
        requests = []
        for place, key, rejected, size, fleet in wanted:
            self.executions += at > 0  # now and then an id comes twice
            name = f"e{self.executions}"
            requests.append(request(name, 0, agent=place, key=key, rejected=rejected, unit="ü" * size, fleet=fleet))
        new = event(f"{number}", source=source, body_digest=digest)
        self.both(lambda store: store.accept_planned(new, plan(0, *requests), over_before=float(at)))

    @rule(execution=EXECUTIONS, agent=AGENTS)
    def place(self, execution: str, agent: str) -> None:
        self.both(lambda store: store.place(execution, agent))

    @rule(
        agent=AGENTS,
        window=st.integers(0, 3),
        size=st.sampled_from([200, 700, 5000]),
        limit=st.integers(0, 4),
        at=st.tuples(st.integers(0, 9), TERMS),
    )
    def take(self, agent: str, window: int, size: int, limit: int, at: tuple[int, dict[str, Terms]]) -> None:
        now, terms = at
        self.both(lambda store: store.take_handovers(agent, window=window, window_bytes=size, limit=limit, terms=terms, now=float(now)))

    @rule(agent=st.sampled_from(["web1", "web2", "web3"]), kinds=st.sets(st.sampled_from(MarkKind)))
    def mark(self, agent: str, kinds: set[MarkKind]) -> None:
        marks = {kind: Mark(note=kind.value, by="ops", since=float(len(kinds))) for kind in kinds}
        self.both(lambda store: store.set_marks(agent, marks, event(f"{agent} {sorted(kinds)}", source="marks")))

    @rule(seats=SEATS, gone=SEATS, told=st.lists(st.just("a sensor fails"), max_size=1))
    def seat(self, seats: list[Seat], gone: list[Seat], told: list[str]) -> None:
        events = [event(name, source="sensors") for name in told]
        self.both(lambda store: store.put_seats(seats, gone=gone, events=events))

    @rule(agent=AGENTS, claims=CLAIMS)
    def acknowledge(self, agent: str, claims: list[Held]) -> None:
        self.both(lambda store: store.acknowledge(claims, agent=agent))

    @rule(name=st.sampled_from(["web1", "web2", "web2"]), number=st.integers(1, 3))
    def leave(self, name: str, number: int) -> None:
        told = event(f"gone {name}", source="leave")
        self.both(lambda store: store.forget(name, end_when_forgotten(name, 1.0), told))
        self.both(lambda store: store.is_forgotten(f"i{number}"))
        token = JoinToken(token_hash=f"{name} {self.executions}", name=name, labels={}, expires_at=1000.0)
        self.both(lambda store: store.add_join_token(token))
        self.both(lambda store: store.enrol(agent(name), token.token_hash, 500.0))

    @rule(name=AGENTS, number=st.integers(1, 3))
    def begin_anew(self, name: str, number: int) -> None:
        self.both(lambda store: store.begin_anew(replace(agent(name), instance=f"i{number}"), end_when_anew(name, 1.0)))

    @rule(agent=AGENTS, claims=CLAIMS)
    def resume(self, agent: str, claims: list[Held]) -> None:
        self.both(lambda store: store.resume_handovers(agent, claims))

    @rule(moves=MOVES)
    def report(self, moves: list[tuple[str, State, int, int]]) -> None:
        made = [
            given_back(execution, attempt, sequence=chosen // 2, ready_at=float(chosen % 4))
            if state is State.QUEUED
            else move(execution, state, attempt, completion=event(execution, source="done") if chosen % 2 else None, unhanded=chosen == 9)
            for execution, state, attempt, chosen in moves
        ]
        self.both(lambda store: store.record_moves(made))

    @rule(execution=EXECUTIONS)
    def requeue(self, execution: str) -> None:
        self.both(lambda store: store.request_requeue(execution))

    @rule(until=st.integers(0, 4).map(float), beyond=st.sampled_from([2.0, math.inf]), limit=st.integers(1, 3))
    def be_ready(self, until: float, beyond: float, limit: int) -> None:
        self.both(lambda store: store.next_ready(beyond=beyond))
        self.both(lambda store: store.place_ready(until=until, beyond=beyond, limit=limit))

    @rule(action=st.sampled_from(["web.restart", "web.page"]), key=st.sampled_from([None, "null", '"x"']), note=st.sampled_from("abc"))
    def hold(self, action: str, key: str | None, note: str) -> None:
        told = event(f"{action} {key} {note}", source="holds")
        hold = Hold(action=action, key=key, mark=Mark(note=note, by="ops", since=1.0))
        self.both(lambda store: store.lift_hold(action, key, told) if note == "c" else store.put_hold(hold, told))

    @rule(execution=EXECUTIONS)
    def cancel(self, execution: str) -> None:
        self.both(lambda store: store.request_cancel(execution, cancelled(execution, completion=event(execution, source="done"))))

    @rule(before=st.sampled_from([1000.0, 2500.0, 9000.0]), keep=st.integers(1, 20), after=st.integers(0, 9), limit=st.integers(1, 6))
    def prune(self, before: float, keep: int, after: int, limit: int) -> None:
        self.both(lambda store: store.prune_events(before=before, now=8000.0, after=after, limit=limit))
        self.both(lambda store: store.prune_executions(before=before, now=8000.0, keep=keep, after=after, limit=limit))
        self.both(lambda store: store.packs_in_use())

    @rule(names=st.permutations(["web1", "web2"]), claims=CLAIMS, theirs=st.sets(EXECUTIONS, max_size=3))
    def restore(self, names: list[str], claims: list[Held], theirs: set[str]) -> None:
        self.both(lambda store: store.restored("another life"))
        self.both(lambda store: store.unmerged())
        for name in names:
            unmerged = self.runner.run(self.memory.unmerged())
            if name in unmerged:
                end = end_of_unknown(unmerged[name], theirs, claims, anew=False, now=5000.0)
                self.both(lambda store, name=name, end=end: store.merge(name, claims, end, theirs=theirs))  # type: ignore[misc]

    @rule(
        positions=st.lists(st.integers(1, 25), min_size=1, max_size=2),
        keys=st.lists(st.sampled_from(THROTTLE_KEYS), max_size=3, unique=True),
        due=st.integers(2, 9),
        ended=st.lists(st.sampled_from(THROTTLE_KEYS), max_size=2, unique=True),
    )
    def wait(self, positions: list[int], keys: list[ThrottleKey], due: int, ended: list[ThrottleKey]) -> None:
        plans: list[Plan] = [self._ended(key) for key in ended if key in self.memory.tables.groups]
        plans += [replace(plan(position), groups=tuple(self._grown(key, position, float(due)) for key in keys)) for position in positions]
        self.both(lambda store: store.record_plans(plans))

    def _grown(self, key: ThrottleKey, position: int, due: float) -> Group:
        known = self.memory.tables.groups.get(key)
        members = (*(known.members if known else ()), Member(position=position, size=1))[-3:]
        count = known.count + 1 if known else 1
        return Group(key=key, terms="t", opened_at=1.0, last_at=due, due=due, back=due - 9, count=max(count, len(members)), members=members)

    def _ended(self, key: ThrottleKey) -> EndedGroup:
        made = request(f"e{self.executions + 1}", self.memory.tables.groups[key].last)
        self.executions += 1
        return EndedGroup(
            group=self.memory.tables.groups[key], at=5.0, outcome="fired", revision="r", executions=(replace(made, late=True),)
        )

    @rule(key=st.sampled_from(THROTTLE_KEYS), at=st.integers(0, 9), position=st.integers(1, 25))
    def ask_of_groups(self, key: ThrottleKey, at: int, position: int) -> None:
        self.both(lambda store: store.open_groups([], since=float(at), until=float(at), limit=2))
        self.both(lambda store: store.groups_due_first(key[0], limit=2))
        self.both(lambda store: store.list_groups(after=key, limit=2))
        self.both(lambda store: store.group_end(key, position))

    @rule()
    def start_again(self) -> None:
        self.runner.run(self.sqlite.close())
        self.sqlite = self.runner.run(open_sqlite_store(self.folder / "store"))

    @invariant()
    def counts_agree(self) -> None:
        self.both(lambda store: store.counts())
        self.both(lambda store: store.unsettled_load())
        self.both(lambda store: store.loads())
        self.both(lambda store: store.marks())
        self.both(lambda store: store.seats())
        self.both(lambda store: store.queue_holds())
        self.both(lambda store: store.next_ready())
        self.both(lambda store: store.queue_states(after=0, limit=9))
        self.both(lambda store: store.admissions(THROTTLE_KEYS))
        self.both(lambda store: store.fleet_heads(None))
        self.both(lambda store: store.horizon())

    def teardown(self) -> None:
        try:
            self._compare_everything()
        finally:
            self.runner.run(self.sqlite.close())
            self.runner.close()
            shutil.rmtree(self.folder)

    def _compare_everything(self) -> None:
        self.both(lambda store: store.executions(before=None, limit=1000))
        self.both(lambda store: store.events(before=None, limit=1000))
        self.both(lambda store: store.unplanned(limit=1000))
        self.both(lambda store: store.recorded_events(after=2, since=0.0, limit=3))
        self.both(lambda store: store.waiting_for_agent(limit=1000))
        self.both(lambda store: store.keyed_agents([("web.restart", '"x"'), ("web.restart", "null")]))
        self.both(lambda store: store.history(after=0, limit=1000))
        for name in ("web1", "web2"):
            self.both(lambda store, name=name: store.handed_cancels(name))  # type: ignore[misc]
            self.both(lambda store, name=name: store.asked_back(name))  # type: ignore[misc]
        self.both(lambda store: store.depths([queue(agent, key=key) for agent in ("web1", "web2", FLEET) for key in ("null", '"x"')]))
        assert self.runner.run(self.sqlite._parts.reader.run(_broken)) == []


def _broken(connection: apsw.Connection) -> list[tuple[str, object]]:
    return [(what, row) for what, query in RULES.items() for row in connection.execute(query)]


TestAgreement = Agreement.TestCase
TestAgreement.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
