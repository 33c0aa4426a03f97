"""The schema as numbered steps, and the walk from a store's version to the newest.

Called by opening.py before anything else uses the connection. A released step is never edited: a change is a new step at the end.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import LiteralString

import apsw

from attune_controller.store.errors import StoreTooNew
from attune_controller.store.sqlite.first_schema import FIRST
from attune_controller.store.sqlite.groups_schema import GROUPS
from attune_core.failpoints import failpoint

# One row for each throttled rule and key: the last admitted firing. The index finds those that are over.
_THROTTLES: LiteralString = """
CREATE TABLE throttles (
    rule TEXT NOT NULL,
    key TEXT NOT NULL,
    at REAL NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (rule, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX throttles_until ON throttles (until);

PRAGMA user_version = 2;
"""

# What operators say of an agent. Apart from its row, because a new enrolment replaces that one and ends no pause.
_MARKS: LiteralString = """
CREATE TABLE agent_marks (
    agent TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('cordoned', 'paused', 'draining')),
    note TEXT NOT NULL,
    operator TEXT NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (agent, kind)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 3;
"""

# What happened to each execution, in the order of the commits, for `attune verify order`. Triggers write it, so no code path can forget it.
_HISTORY: LiteralString = """
CREATE TABLE history (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    number INTEGER NOT NULL,
    queue INTEGER,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    outcome TEXT
) STRICT;
CREATE INDEX history_number ON history (number);
CREATE TRIGGER history_begins AFTER INSERT ON executions BEGIN
    INSERT INTO history (number, queue, epoch, sequence, state, attempt, outcome)
    VALUES (NEW.number, NEW.queue, NEW.epoch, NEW.sequence, NEW.state, NEW.attempt, NEW.outcome);
END;
CREATE TRIGGER history_goes_on AFTER UPDATE OF state, attempt, queue, epoch, sequence ON executions
WHEN NEW.queue IS NOT OLD.queue OR NEW.epoch != OLD.epoch OR NEW.sequence != OLD.sequence
OR (NEW.state IN ('started', 'settled') AND (NEW.state != OLD.state OR NEW.attempt != OLD.attempt)) BEGIN
    INSERT INTO history (number, queue, epoch, sequence, state, attempt, outcome)
    VALUES (NEW.number, NEW.queue, NEW.epoch, NEW.sequence, NEW.state, NEW.attempt, NEW.outcome);
END;
CREATE TRIGGER history_ends AFTER DELETE ON executions BEGIN
    DELETE FROM history WHERE number = OLD.number;
END;

PRAGMA user_version = 4;
"""

# An execution that is tried again at the tail has no place until `ready_at`: it is in no hand, does not wait, and its sequence is an old
# one. What leaves a queue is taken off its counters. `executions_unhanded` is what may expire; an action is held as a whole by the key ''.
_POLICIES: LiteralString = """
ALTER TABLE requests ADD COLUMN rate_key TEXT NOT NULL DEFAULT '';

DROP TRIGGER executions_planned;
DROP TRIGGER executions_placed;
DROP TRIGGER executions_moved;
DROP TRIGGER history_goes_on;
DROP INDEX executions_waiting;
ALTER TABLE executions DROP COLUMN waiting;
ALTER TABLE executions ADD COLUMN accepted_at REAL NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN ready_at REAL NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN requeuing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN waiting INTEGER AS (state = 'queued' AND handed = 0 AND ready_at = 0) VIRTUAL;
UPDATE executions SET accepted_at = (SELECT accepted_at FROM requests r WHERE r.number = executions.number) WHERE state != 'settled';
CREATE INDEX executions_unsettled ON executions (queue, sequence) WHERE state != 'settled';
CREATE INDEX executions_unhanded ON executions (action, accepted_at) WHERE handed = 0 AND attempt = 0 AND state != 'settled';
CREATE INDEX executions_returning ON executions (ready_at) WHERE ready_at > 0 AND state = 'queued';
CREATE INDEX executions_requeuing ON executions (agent) WHERE requeuing = 1;

CREATE TRIGGER executions_planned AFTER INSERT ON executions WHEN NEW.unsettled BEGIN
    UPDATE queues SET waiting = waiting + NEW.waiting, unsettled = unsettled + 1 WHERE id = NEW.queue;
    INSERT INTO loads (agent, unsettled) VALUES (NEW.agent, 1) ON CONFLICT (agent) DO UPDATE SET unsettled = unsettled + 1;
END;
CREATE TRIGGER executions_placed AFTER UPDATE OF queue, agent ON executions WHEN NEW.queue IS NOT OLD.queue BEGIN
    UPDATE queues SET
        waiting = waiting - OLD.waiting,
        unstarted = unstarted - OLD.unstarted,
        unstarted_bytes = unstarted_bytes - OLD.unstarted * OLD.input_bytes,
        unsettled = unsettled - OLD.unsettled
    WHERE id = OLD.queue;
    UPDATE queues SET
        waiting = waiting + NEW.waiting,
        unstarted = unstarted + NEW.unstarted,
        unstarted_bytes = unstarted_bytes + NEW.unstarted * NEW.input_bytes,
        unsettled = unsettled + NEW.unsettled
    WHERE id = NEW.queue;
    UPDATE loads SET unsettled = unsettled - OLD.unsettled WHERE agent = OLD.agent;
    INSERT INTO loads (agent, unsettled) VALUES (NEW.agent, NEW.unsettled)
    ON CONFLICT (agent) DO UPDATE SET unsettled = unsettled + excluded.unsettled;
END;
CREATE TRIGGER executions_moved AFTER UPDATE OF state, handed, attempt, ready_at ON executions
WHEN NEW.queue IS OLD.queue AND (NEW.waiting != OLD.waiting OR NEW.unstarted != OLD.unstarted OR NEW.unsettled != OLD.unsettled) BEGIN
    UPDATE queues SET
        waiting = waiting + NEW.waiting - OLD.waiting,
        unstarted = unstarted + NEW.unstarted - OLD.unstarted,
        unstarted_bytes = unstarted_bytes + (NEW.unstarted - OLD.unstarted) * NEW.input_bytes,
        unsettled = unsettled + NEW.unsettled - OLD.unsettled
    WHERE id = NEW.queue;
    UPDATE loads SET unsettled = unsettled - 1 WHERE agent = NEW.agent AND OLD.unsettled AND NOT NEW.unsettled;
END;
CREATE TRIGGER history_goes_on AFTER UPDATE OF state, attempt, queue, epoch, sequence, ready_at ON executions
WHEN NEW.queue IS NOT OLD.queue OR NEW.epoch != OLD.epoch OR NEW.sequence != OLD.sequence OR NEW.ready_at != OLD.ready_at
OR (NEW.state IN ('started', 'settled') AND (NEW.state != OLD.state OR NEW.attempt != OLD.attempt)) BEGIN
    INSERT INTO history (number, queue, epoch, sequence, state, attempt, outcome) VALUES (
        NEW.number,
        CASE WHEN NEW.ready_at > 0 THEN NULL ELSE NEW.queue END,
        NEW.epoch,
        CASE WHEN NEW.ready_at > 0 THEN 0 ELSE NEW.sequence END,
        NEW.state, NEW.attempt, NEW.outcome
    );
END;

CREATE TABLE queue_holds (
    action TEXT NOT NULL,
    key TEXT NOT NULL,
    note TEXT NOT NULL,
    operator TEXT NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (action, key)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 5;
"""

# The fleet's queues, whose executions have agents of their own, and agents that are gone: an instance that was forgotten never comes back,
# and an execution can lose its agent, with its place or without.
_FLEET: LiteralString = """
ALTER TABLE executions ADD COLUMN fleet INTEGER NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN released_at REAL NOT NULL DEFAULT 0;
DROP INDEX executions_without_agent;
CREATE INDEX executions_without_agent ON executions (event, number) WHERE agent = '' AND state != 'settled';
CREATE INDEX executions_of_fleet ON executions (agent, queue) WHERE fleet = 1 AND state = 'queued' AND handed = 0;
DROP TRIGGER executions_placed;
CREATE TRIGGER executions_placed AFTER UPDATE OF queue, agent ON executions WHEN NEW.queue IS NOT OLD.queue OR NEW.agent != OLD.agent BEGIN
    UPDATE queues SET
        waiting = waiting - OLD.waiting,
        unstarted = unstarted - OLD.unstarted,
        unstarted_bytes = unstarted_bytes - OLD.unstarted * OLD.input_bytes,
        unsettled = unsettled - OLD.unsettled
    WHERE id = OLD.queue;
    UPDATE queues SET
        waiting = waiting + NEW.waiting,
        unstarted = unstarted + NEW.unstarted,
        unstarted_bytes = unstarted_bytes + NEW.unstarted * NEW.input_bytes,
        unsettled = unsettled + NEW.unsettled
    WHERE id = NEW.queue;
    UPDATE loads SET unsettled = unsettled - OLD.unsettled WHERE agent = OLD.agent;
    INSERT INTO loads (agent, unsettled) VALUES (NEW.agent, NEW.unsettled)
    ON CONFLICT (agent) DO UPDATE SET unsettled = unsettled + excluded.unsettled;
END;
CREATE TABLE forgotten_instances (instance TEXT PRIMARY KEY, agent TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE chains (
    queue INTEGER NOT NULL REFERENCES queues (id),
    agent TEXT NOT NULL,
    last_handed INTEGER NOT NULL,
    PRIMARY KEY (agent, queue)
) STRICT, WITHOUT ROWID;
CREATE TABLE fleet_rates (
    action TEXT NOT NULL,
    key TEXT NOT NULL,
    tokens REAL NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (action, key)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 6;
"""

# Agents that have not said what they hold since the store came out of a backup: their instance then, and the last number given then.
_MERGES: LiteralString = """
CREATE TABLE merges (agent TEXT PRIMARY KEY, instance TEXT NOT NULL, numbers INTEGER NOT NULL) STRICT, WITHOUT ROWID;

PRAGMA user_version = 7;
"""

# Lists of events of one type or of one source, whose positions the index keeps in order.
_LISTS: LiteralString = """
CREATE INDEX events_type ON events (type);
CREATE INDEX events_source ON events (source);

PRAGMA user_version = 8;
"""

# Why an event is a dead letter, by a word of its own, and when an operator let its data go; what was told to hold and has not been told
# to be over.
_DEAD_LETTERS: LiteralString = """
ALTER TABLE plans ADD COLUMN dead TEXT;
ALTER TABLE plans ADD COLUMN dropped_at REAL NOT NULL DEFAULT 0;
UPDATE plans SET dead = CASE
    WHEN reason LIKE 'no trigger %' THEN 'undeclared'
    WHEN reason LIKE 'the data does not fit %' THEN 'data_invalid'
    WHEN reason = 'no revision is active yet' THEN 'no_revision'
    WHEN reason LIKE 'it says that it happened at %' THEN 'time_ahead'
    WHEN reason LIKE 'more than 16 events %' THEN 'hop_limit'
    WHEN reason LIKE 'the controller died %' THEN 'quarantined'
    WHEN reason LIKE 'it was accepted just before the backup %' THEN 'restored'
    ELSE 'not_runnable'
END WHERE status = 'dead_letter';
DROP INDEX plans_dead;
CREATE INDEX plans_dead ON plans (position) WHERE status = 'dead_letter' AND dropped_at = 0;
CREATE INDEX plans_dropped ON plans (position) WHERE dropped_at > 0;
CREATE TABLE conditions (name TEXT NOT NULL, subject TEXT NOT NULL, since REAL NOT NULL, PRIMARY KEY (name, subject)) STRICT, WITHOUT ROWID;

PRAGMA user_version = 9;
"""

# How far the schedule of each timer was followed; written in the transaction of its ticks.
_TIMERS: LiteralString = """
CREATE TABLE timers (
    timer TEXT PRIMARY KEY,
    declared TEXT NOT NULL,
    done INTEGER NOT NULL,
    last INTEGER NOT NULL,
    missed INTEGER NOT NULL,
    missed_in_all INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 11;
"""

# Which agents the controller lets run which sensors, and what each may send from there.
_SEATS: LiteralString = """
CREATE TABLE seats (
    sensor TEXT NOT NULL,
    agent TEXT NOT NULL,
    emits TEXT NOT NULL,
    since REAL NOT NULL,
    held INTEGER NOT NULL,
    leaving INTEGER NOT NULL,
    failover REAL NOT NULL,
    failing_since REAL NOT NULL,
    PRIMARY KEY (sensor, agent)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 12;
"""

#: Step n brings version n-1 to n and says so in its last line; PRAGMA user_version takes no parameter, and is part of the transaction.
MIGRATIONS: tuple[LiteralString, ...] = (
    FIRST,
    _THROTTLES,
    _MARKS,
    _HISTORY,
    _POLICIES,
    _FLEET,
    _MERGES,
    _LISTS,
    _DEAD_LETTERS,
    GROUPS,
    _TIMERS,
    _SEATS,
)


def migrate(connection: apsw.Connection, place: Path, steps: Sequence[LiteralString] = MIGRATIONS) -> None:
    """Bring a store to the newest version, each step in its own transaction, after a copy of what was there.

    The copy stands beside the store as `<name>.v<version>`. `StoreTooNew` when the store is ahead of this program: there is no way back.
    """
    version = _version(connection)
    if version > len(steps):
        raise StoreTooNew(f"the store has version {version}, this program knows up to {len(steps)}")
    if 0 < version < len(steps):
        _keep_copy(connection, place.with_name(f"{place.name}.v{version}"))
    for step in steps[version:]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(step).fetchall()
            failpoint("c11")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _keep_copy(connection: apsw.Connection, copy: Path) -> None:
    copy.unlink(missing_ok=True)  # left by an attempt that died while it copied
    with os.fdopen(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)) as file:
        connection.execute("VACUUM INTO ?", (str(copy),)).fetchall()
        os.fsync(file.fileno())


def _version(connection: apsw.Connection) -> int:
    for row in connection.execute("PRAGMA user_version"):
        if isinstance(row[0], int):
            return row[0]
    raise AssertionError("SQLite has no user_version")  # never: the pragma always answers
