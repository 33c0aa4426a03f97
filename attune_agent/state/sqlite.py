"""AgentState on SQLite through apsw: hand-written SQL, one writer thread; the production implementation of the port.

Opened by `app`, which then asks for `load()` once.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import apsw
from pydantic import TypeAdapter

from attune_agent.errors import StateUnreadable, StateUnwritable
from attune_agent.rate import BucketKey
from attune_agent.state.records import Held, Item, Loaded, OutboxRow, Phase, QueueKey, ReportText, Spent, is_small
from attune_agent.state.schema import open_database
from attune_agent.state.sensor_sqlite import SqliteSensors
from attune_agent.state.writer import Writer
from attune_core.marks import Mark
from attune_core.states import Reason
from attune_core.wire.assignment import Assign, Policy
from attune_core.wire.stream_frames import HoldQueue

T = TypeVar("T")

_HOLDS: TypeAdapter[tuple[HoldQueue, ...]] = TypeAdapter(tuple[HoldQueue, ...])

_ITEM = """SELECT execution, place, action, key, epoch, sequence, body, phase, attempt, excused, ever_started, not_before, cancel,
    state_id, life, accepted FROM items ORDER BY place, action, key, epoch, sequence"""

_INSERT = """INSERT INTO items (execution, place, action, key, epoch, sequence, body, attempt, accepted)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_ADVANCE = "UPDATE queues SET last = ?, touched = ? WHERE place = ? AND action = ? AND key = ? AND epoch = ? AND last = ?"
_BEGIN_META = (
    "INSERT OR IGNORE INTO meta VALUES ('instance', ?), ('revision', ''), ('session', ''), ('paused', ''), ('draining', ''), ('holds', '')"
)
_BEGIN_QUEUE = "INSERT OR IGNORE INTO queues (last, touched, place, action, key, epoch) VALUES (?, ?, ?, ?, ?, ?)"
_FORGET_QUEUES = """DELETE FROM queues WHERE touched < ? AND NOT EXISTS (SELECT 1 FROM outbox) AND NOT EXISTS (
    SELECT 1 FROM items i WHERE (i.place, i.action, i.key, i.epoch) = (queues.place, queues.action, queues.key, queues.epoch))"""


class SqliteState:
    """The agent's database file."""

    def __init__(self, path: Path, *, instance: str) -> None:
        """Open or make it; `instance` names the life of a new one and is ignored for one that has a name."""
        self._connection = open_database(path)
        self._path = path
        self._connection.execute(_BEGIN_META, (instance,))
        self._number: int = self._connection.execute("SELECT coalesce(max(number), 0) FROM outbox").get
        self._writer = Writer(self._connection)
        #: What is remembered of sensors, in the same file.
        self.sensors = SqliteSensors(self._connection, self._writer)

    def require_whole(self) -> None:
        """Raise `StateUnreadable` when the file was found damaged since it was opened."""
        if self._writer.damage is not None:
            raise self._writer.damage

    def forget_queues(self, *, before: float, now: float) -> None:
        """Forget the last sequences of queues to which nothing was appended since then; called before `load`.

        Nothing of such a queue is in hand and every report of it is acknowledged, so the controller knows the end of all that it ever
        gave, and begins the chain of `after` anew from what the next hello does not name. One that was used by an earlier version is
        touched now. A controller restored from a backup goes by that time, too: what is older, of a queue that is not named, is lost.
        """
        with suppress(apsw.Error):  # a disk that refuses: at the next start
            self._connection.execute("UPDATE queues SET touched = ? WHERE touched = 0", (now,))
            self._connection.execute(_FORGET_QUEUES, (before,))

    def load(self) -> Loaded:
        """Return everything that is stored; `StateUnreadable` names what is not as this program wrote it."""
        try:
            return _load(self._connection)
        except (apsw.Error, ValueError) as error:
            raise StateUnreadable(f"{self._path}: {error}") from error

    def append(self, assigns: Sequence[Assign], *, now: float = 0.0) -> asyncio.Future[None]:
        """Store new executions and move the last of their queues, all or none."""
        rows = [
            (one.execution, *QueueKey.of(one.queue), one.epoch, one.sequence, one.model_dump_json(), one.attempt, now - one.age)
            for one in assigns
        ]
        lasts = [(one.sequence, now, one.queue.place, one.queue.action, one.queue.key, one.epoch, one.after) for one in assigns]

        def write(db: apsw.Connection) -> None:
            for last in lasts:
                _advance(db, last)
            db.executemany(_INSERT, rows)

        return self._writer.submit(write, lazy=True)

    def body(self, execution: str) -> asyncio.Future[Assign]:
        """Return what an execution in hand was assigned with."""

        def read(db: apsw.Connection) -> Assign:
            body = db.execute("SELECT body FROM items WHERE execution = ?", (execution,)).get
            if body is None:
                raise KeyError(execution)
            return Assign.model_validate_json(body)

        return self._writer.submit(read)

    def mark_asked(self, execution: str, attempt: int, *, state_id: str, life: str, spent: Spent | None = None) -> asyncio.Future[None]:
        """Store which executor is about to be asked, and the token it costs."""

        def write(db: apsw.Connection) -> None:
            values = (attempt, state_id, life, execution)
            _update(db, "UPDATE items SET phase = 'asked', attempt = ?, state_id = ?, life = ? WHERE execution = ?", values)
            if spent is not None:
                db.execute("DELETE FROM buckets WHERE full_at <= ?", (spent.now,))
                db.execute("INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?)", (*spent.bucket, spent.full_at, spent.now))

        return self._writer.submit(write)

    def mark_started(self, execution: str, attempt: int, report: ReportText) -> asyncio.Future[int]:
        """Store that an attempt started, with its report."""
        values = (attempt, execution)
        return self._report(
            report, "UPDATE items SET phase = 'started', ever_started = 1, attempt = ? WHERE execution = ?", values, lazy=True
        )

    def add_report(self, report: ReportText) -> asyncio.Future[int]:
        """Store a report that moves nothing here."""
        return self._report(report, "", (), lazy=True)

    def put_off(self, execution: str, *, attempt: int, excused: int, not_before: float, report: ReportText | None) -> asyncio.Future[int]:
        """Store that the next attempt waits."""
        sql = "UPDATE items SET phase = 'waiting', attempt = ?, excused = ?, not_before = ?, state_id = '', life = '' WHERE execution = ?"
        values = (attempt, excused, not_before, execution)
        if report is not None:
            return self._report(report, sql, values)

        def write(db: apsw.Connection) -> int:
            _update(db, sql, values)
            return 0

        return self._writer.submit(write)

    def mark_cancel(self, execution: str, reason: Reason) -> asyncio.Future[None]:
        """Store that it is to end as cancelled."""
        values = (reason.value, execution)
        return self._writer.submit(lambda db: _update(db, "UPDATE items SET cancel = ? WHERE execution = ?", values))

    def let_go(self, execution: str, report: ReportText) -> asyncio.Future[int]:
        """Store the last report of an execution and let go of it."""
        return self._report(report, "DELETE FROM items WHERE execution = ?", (execution,))

    def drop_reports(self, up_to: int) -> asyncio.Future[None]:
        """Forget acknowledged reports."""

        def write(db: apsw.Connection) -> None:
            db.execute("DELETE FROM outbox WHERE number <= ?", (up_to,))

        return self._writer.submit(write, lazy=True)

    def set_policies(self, revision: str, policies: Mapping[str, Policy]) -> asyncio.Future[None]:
        """Replace the active revision's policies."""
        rows = [(action, policy.model_dump_json()) for action, policy in policies.items()]

        def write(db: apsw.Connection) -> None:
            db.execute("DELETE FROM policies")
            db.executemany("INSERT INTO policies VALUES (?, ?)", rows)
            db.execute("UPDATE meta SET value = ? WHERE name = 'revision'", (revision,))

        return self._writer.submit(write)

    def set_marks(self, paused: Mark | None, draining: Mark | None) -> asyncio.Future[None]:
        """Replace what operators said of this agent."""
        rows = [(mark.model_dump_json() if mark else "", name) for name, mark in (("paused", paused), ("draining", draining))]
        return self._writer.submit(lambda db: _set_meta(db, rows))

    def set_holds(self, holds: Sequence[HoldQueue]) -> asyncio.Future[None]:
        """Replace the queues that are paused."""
        text = _HOLDS.dump_json(tuple(holds)).decode()
        return self._writer.submit(lambda db: _set_meta(db, [(text, "holds")]))

    def set_session(self, session: str) -> asyncio.Future[None]:
        """Store the session whose stream is about to be opened."""
        return self._writer.submit(lambda db: _set_meta(db, [(session, "session")]))

    async def close(self) -> None:
        """Finish what was enqueued and close the file."""
        await self._writer.close()

    def _report(self, report: ReportText, sql: str, values: tuple[str | int | float, ...], *, lazy: bool = False) -> asyncio.Future[int]:
        # Numbers are taken at the call, in the order of the commits, so that dropping up to one never drops an unsent one.
        self._number += 1
        number = self._number

        def write(db: apsw.Connection) -> int:
            if sql:
                _update(db, sql, values)
            db.execute("INSERT INTO outbox VALUES (?, ?)", (number, report))
            return number

        return self._writer.submit(write, lazy=lazy)


def _set_meta(db: apsw.Connection, rows: Sequence[tuple[str, str]]) -> None:
    db.executemany("UPDATE meta SET value = ? WHERE name = ?", rows)


def _update(db: apsw.Connection, sql: str, values: tuple[str | int | float, ...]) -> None:
    db.execute(sql, values)
    if db.changes() == 0:
        raise KeyError(values[-1])


def _advance(db: apsw.Connection, last: tuple[int, float, str, str, str, int, int]) -> None:
    db.execute(_ADVANCE, last)
    if db.changes() == 0 and last[-1] == 0:
        db.execute(_BEGIN_QUEUE, last[:-1])
    if db.changes() == 0:
        raise StateUnwritable("an earlier execution of the queue is not on disk")


def _load(db: apsw.Connection) -> Loaded:
    meta: dict[str, str] = dict(db.execute("SELECT name, value FROM meta"))
    held = [
        Held(queue=QueueKey(place, action, key), epoch=epoch, last=last)
        for place, action, key, epoch, last in db.execute("SELECT place, action, key, epoch, last FROM queues")
    ]
    outbox = [OutboxRow(number, ReportText(body)) for number, body in db.execute("SELECT number, body FROM outbox ORDER BY number")]
    policies = {action: Policy.model_validate_json(body) for action, body in db.execute("SELECT action, body FROM policies")}
    return Loaded(
        instance=meta["instance"],
        session=meta["session"],
        held=held,
        items=_items(db),
        outbox=outbox,
        revision=meta["revision"],
        policies=policies,
        paused=Mark.model_validate_json(meta["paused"]) if meta["paused"] else None,
        draining=Mark.model_validate_json(meta["draining"]) if meta["draining"] else None,
        holds=_HOLDS.validate_json(meta["holds"]) if meta["holds"] else (),
        buckets=[
            Spent(BucketKey(action, key), full_at=full_at, now=now)
            for action, key, full_at, now in db.execute("SELECT action, key, full_at, stored_at FROM buckets")
        ],
    )


def _items(db: apsw.Connection) -> list[Item]:
    found: list[Item] = []
    for row in db.execute(_ITEM):
        execution, place, action, key, epoch, sequence, body, phase, attempt, excused, started, not_before, cancel, *asked = row
        state_id, life, accepted = asked
        assign = Assign.model_validate_json(body)
        found.append(
            Item(
                execution=execution,
                queue=QueueKey(place, action, key),
                epoch=epoch,
                sequence=sequence,
                policy=assign.policy,
                assign=assign if is_small(assign) else None,
                phase=Phase(phase),
                attempt=attempt,
                excused=excused,
                ever_started=bool(started),
                not_before=not_before,
                cancel=Reason(cancel) if cancel else None,
                state_id=state_id,
                life=life,
                accepted=accepted,
                rate_key=assign.rate_key or assign.queue.key,
            )
        )
    return found
