"""No statement of the store reads a table that grows from end to end; SQLite says how it would run each one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import apsw
import pytest

from attune_controller.departures import end_when_anew, end_when_forgotten
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.records.events import EventFilter, EventStatus
from attune_controller.store.records.groups import EndedGroup
from attune_controller.store.records.plans import PlannedEvent
from attune_controller.store.records.queues import Hold, Terms
from attune_controller.store.sqlite.store import SqliteStore, open_sqlite_store
from attune_core.marks import Mark, MarkKind
from attune_core.rules.groups import Group, Member
from attune_core.rules.throttling import Admission
from attune_core.states import State
from attune_core.wire.assignment import Rate
from tests.controller.store.making import agent, cancelled, event, given_back, held, move, plan_some, queue, take

#: Read whole on purpose: as long as the fleet, or as what is asked for.
SMALL = (
    "SCAN agents",
    "SCAN agent_marks",
    "SCAN api_tokens",
    "SCAN loads",
    "SCAN queue_holds",
    "SCAN identity",
    "SCAN join_tokens",
    "SCAN merges",
    "SCAN sqlite_sequence",
    "SCAN syncs",
    "SCAN json_each",
    "SCAN CONSTANT ROW",
    "SCAN (",
    "SCAN queues USING INDEX queues_holding",  # those in which something is unsettled, not all that there ever were
    "SCAN executions USING COVERING INDEX executions_state",  # those that are not settled, every ten minutes
)
#: Read in the order of its rows up to the limit; counted, page by page, for the status only.
QUEUE_OF_EVENTS = "SCAN u", "SCAN unplanned", "SCAN plans USING COVERING INDEX plans_dead"
#: Sorted after the search: as many as events were asked for, as have one id, as there are queues in use, as wait for an agent.
SORTED = ("INDEXED BY queues_holding", "json_each", "e.id = ?", "last_handed > 0", "fleet = 1", "place = '*'", "waiting AND queue IN")

Statement: TypeAlias = "tuple[str, apsw.Bindings | None]"


@pytest.fixture
def statements() -> Iterator[list[Statement]]:
    """Every statement that a connection opened meanwhile runs."""
    ran: list[Statement] = []

    def trace(cursor: apsw.Cursor, sql: str, bindings: "apsw.Bindings | None") -> bool:
        ran.append((sql, bindings))
        return True

    def hook(connection: apsw.Connection) -> None:
        connection.exec_trace = trace

    apsw.connection_hooks.append(hook)
    yield ran
    apsw.connection_hooks.remove(hook)


async def use_groups(store: SqliteStore) -> None:
    position = (await store.accept_event(event("waits"))).position
    key, kept = ("web.page", '"a"'), (Member(position=position, size=0),)
    group = Group(key=key, terms="t", opened_at=1.0, last_at=1.0, due=2.0, back=0.0, count=1, members=kept)
    await store.record_plans([PlannedEvent(position=position, revision="r", groups=(group,))])
    await store.open_groups([key], since=1.0, until=3.0, limit=5)
    await store.groups_due_first("web.page", limit=5)
    await store.horizon()
    for rule in (None, "web.page"):
        await store.list_groups(after=("", ""), limit=5, rule=rule)
    await store.record_plans([EndedGroup(group=group, at=2.0, outcome="fired", revision="r")])
    await store.group_end(key, position)
    await store.events_at([position])


async def use_everything(store: SqliteStore) -> None:
    await plan_some(store, "a", "b", "c", key='"x"')
    await plan_some(store, "d", agent="")
    await store.place("d", "web1")
    await store.accept_event(event("dead", dead_reason="why", body_digest="b"))
    for status in (None, *EventStatus):
        for narrowed in (EventFilter(), EventFilter(type="web.alert", since=1.0), EventFilter(source="a", search="b")):
            await store.events(before=None, limit=5, where=replace(narrowed, status=status))
            await store.events(before=None, after=0, limit=5, where=replace(narrowed, status=status))
    await store.unplanned(limit=5)
    await use_groups(store)
    await store.recorded_events(after=0, since=1.0, limit=5, trigger="github.push")
    await store.event(1)
    await store.find_event("a", "b")
    await store.find_event("", "b")
    await store.execution("1")
    for state in (None, *State, "failed"):
        for action, of_agent, position in ((None, None, None), ("web.restart", None, None), (None, "web1", None), (None, None, 1)):
            await store.executions(before=None, limit=5, state=state, action=action, agent=of_agent, event=position)
            await store.executions(before=None, after=0, limit=5, state=state, action=action, agent=of_agent, event=position)
    await store.executions_of_events([1, 2])
    await store.waiting_for_agent(limit=5)
    await take(store, limit=2)
    await store.resume_handovers("web1", [held(1)])
    await store.acknowledge([held(1)])
    await store.record_moves([move("a", State.STARTED), move("a", State.SETTLED, completion=event("done"))])
    await store.request_cancel("b", cancelled("b"))
    await store.handed_cancels("web1")
    await store.depths([queue()])
    await store.request_requeue("c")
    await store.record_moves([given_back("c", 1, sequence=2, ready_at=5.0)])
    await store.asked_back("web1")
    await store.next_ready()
    await store.place_ready(until=9.0, limit=5)
    await store.put_hold(Hold(action="web.restart", key=None, mark=Mark(by="ops", since=1.0)), event("held"))
    await store.lift_hold("web.restart", None, event("lifted"))
    await store.queue_holds()
    for place in (None, "web1"):
        for action in (None, "web.restart"):
            await store.queue_states(after=1, limit=5, place=place, action=action)
    await store.deepest_queues(limit=5)
    await store.queue_state(queue())
    await store.queue_page(queue(), after=0, limit=5)
    await store.returning(queue(), limit=5)
    await store.oldest_unhanded(["web.restart"])
    await store.unhanded("web.restart", until=9000.0, limit=5)
    await store.keyed_agents([("web.restart", '"x"')])
    await store.unsettled_load()
    await store.prune_events(before=9000.0, now=9000.0, after=0, limit=2)
    await store.prune_executions(before=9000.0, now=9000.0, keep=1, after=0, limit=2)
    await store.prune_join_tokens(before=1.0)
    await store.packs_in_use()
    await store.loads()
    await store.add_join_token(JoinToken(token_hash="h1", name="web1", labels={}, expires_at=1000.0))
    await store.enrol(agent(), "h1", 500.0)
    await store.set_marks("web1", {MarkKind.DRAINING: Mark(by="ops", since=1.0)}, event("marked"))
    await store.marks()
    await take(store)
    position = (await store.accept_event(event("throttled"))).position
    admissions = {("web.page", "null"): Admission(at=1.0, until=2.0)}
    await store.record_plans([PlannedEvent(position=position, revision="r", admissions=admissions)], over_before=9.0)
    await store.admissions([*admissions])
    await store.counts()
    await use_fleet(store)


async def use_fleet(store: SqliteStore) -> None:
    """Queues that all agents share, and agents that go."""
    await store.set_marks("web1", {}, event("unmarked"))
    await plan_some(store, "f", "g", fleet=True)
    terms = {"web.restart": Terms(limit=2, rate=Rate(limit=1, per=9.0))}
    await store.take_handovers("web1", window=9, window_bytes=9999, limit=9, terms=terms, now=1.0)
    await store.fleet_heads(None)
    await store.resume_handovers("web1", [])
    await store.begin_anew(replace(agent(), instance="i2"), end_when_anew("web1", 1.0))
    await store.forget("web1", end_when_forgotten("web1", 1.0), event("gone"))
    await store.is_forgotten("i2")
    for waiting in await store.waiting_for_agent(limit=1):
        await store.place(waiting.new.id, "web2")


async def test_every_statement_finds_its_rows_by_an_index(tmp_path: Path, statements: list[Statement]) -> None:
    store = await open_sqlite_store(tmp_path)
    statements.clear()
    await use_everything(store)
    ran = dict(statements)
    await store.close()
    queries = {sql: bindings for sql, bindings in ran.items() if sql.split()[0] in {"SELECT", "UPDATE", "DELETE", "INSERT"}}
    assert len(queries) > 40
    connection = apsw.Connection(str(tmp_path / "store.sqlite"))
    for sql, bindings in queries.items():
        steps = [str(row[3]) for row in connection.execute("EXPLAIN QUERY PLAN " + sql, bindings)]
        scans = [step for step in steps if step.startswith("SCAN") and not step.startswith((*SMALL, *QUEUE_OF_EVENTS))]
        assert not scans, f"{sql} → {steps}"
        assert "USE TEMP B-TREE FOR ORDER BY" not in steps or any(part in sql for part in SORTED), f"{sql} → {steps}"
    connection.close()


@pytest.mark.parametrize(
    ("where", "index"),
    [
        (EventFilter(), "e USING INTEGER PRIMARY KEY"),
        (EventFilter(search="x"), "e USING INTEGER PRIMARY KEY"),
        (EventFilter(status=EventStatus.PLANNED), "e USING INTEGER PRIMARY KEY"),
        (EventFilter(type="web.alert", search="x"), "events_type"),
        (EventFilter(source="a", since=9.0), "events_source"),
        (EventFilter(status=EventStatus.DEAD_LETTER, type="web.alert"), "plans_dead"),
        (EventFilter(status=EventStatus.DROPPED), "plans_dropped"),
    ],
)
async def test_each_filter_of_the_list_of_events_looks_at_what_an_index_finds(
    tmp_path: Path, statements: list[Statement], where: EventFilter, index: str
) -> None:
    store = await open_sqlite_store(tmp_path)
    await store.events(before=None, limit=5, where=where)
    await store.close()
    (look,) = {sql for sql, _ in statements if "octet_length" in sql}
    connection = apsw.Connection(str(tmp_path / "store.sqlite"))
    steps = [str(row[3]) for row in connection.execute("EXPLAIN QUERY PLAN " + look, (9, 0, None, "a", "a", 0.0, None, 5, None))]
    connection.close()
    assert index in steps[0], steps
    assert not any("SCAN" in step or "B-TREE" in step for step in steps), steps


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ("e.action = 'a'", "executions_action"),
        ("e.agent = 'a'", "executions_agent"),
        ("e.event = 1", "executions_event"),
        ("e.outcome IS NOT NULL AND e.outcome = 'failed'", "executions_outcome"),
        ("e.state != 'settled' AND e.state = 'started'", "executions_state"),
    ],
)
async def test_each_filter_of_the_list_of_executions_has_its_index(tmp_path: Path, filters: str, index: str) -> None:
    store = await open_sqlite_store(tmp_path)
    await store.close()
    connection = apsw.Connection(str(tmp_path / "store.sqlite"))
    sql = f"SELECT * FROM executions e JOIN requests r USING (number) WHERE e.number < 9 AND {filters} ORDER BY e.number DESC LIMIT 5"  # noqa: S608 - constants above
    steps = [str(row[3]) for row in connection.execute("EXPLAIN QUERY PLAN " + sql)]
    assert any(index in step for step in steps), steps
    connection.close()
