"""The schema as numbered steps, and the walk from a store's version to the newest.

Called by opening.py before anything else uses the connection. A released step is never edited: a change is a new step at the end.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import LiteralString

import apsw

from attune_controller.store.errors import StoreTooNew
from attune_core.failpoints import failpoint

# What grows by the size of inputs is apart from what changes: SQLite writes a whole row for each change of it. So `events` and
# `requests` are written once, and `plans` and `executions` are small. The triggers keep the counters that hand-over, placement and
# the status read instead of counting; `waiting`, `unstarted` and `unsettled` are transitions.is_waiting and is_unstarted in SQL.
# Executions outlive events (30 and 7 days), hence no foreign key between them.
_FIRST: LiteralString = """
CREATE TABLE identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    incarnation TEXT NOT NULL,
    turns INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    time REAL NOT NULL,
    received_at REAL NOT NULL,
    hops INTEGER NOT NULL,
    body_digest TEXT,
    traceparent TEXT NOT NULL,
    data TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_identity ON events (id, source);
CREATE UNIQUE INDEX events_body ON events (source, body_digest) WHERE body_digest IS NOT NULL;

CREATE TABLE unplanned (position INTEGER PRIMARY KEY) STRICT;

CREATE TABLE plans (
    position INTEGER PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('planned', 'dead_letter')),
    reason TEXT NOT NULL,
    revision TEXT NOT NULL,
    CHECK (status = 'planned' OR reason != '')
) STRICT;
CREATE INDEX plans_dead ON plans (position) WHERE status = 'dead_letter';

CREATE TABLE queues (
    id INTEGER PRIMARY KEY,
    place TEXT NOT NULL,
    action TEXT NOT NULL,
    key TEXT NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0,
    last_sequence INTEGER NOT NULL DEFAULT 0,
    last_handed INTEGER NOT NULL DEFAULT 0,
    turn INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0 CHECK (waiting >= 0),
    unstarted INTEGER NOT NULL DEFAULT 0 CHECK (unstarted >= 0),
    unstarted_bytes INTEGER NOT NULL DEFAULT 0 CHECK (unstarted_bytes >= 0),
    unsettled INTEGER NOT NULL DEFAULT 0 CHECK (unsettled >= 0)
) STRICT;
CREATE UNIQUE INDEX queues_identity ON queues (place, action, key);
CREATE INDEX queues_open ON queues (place, unstarted, turn) WHERE waiting > 0;
CREATE INDEX queues_holding ON queues (action, key, place) WHERE unsettled > 0;

CREATE TABLE loads (agent TEXT PRIMARY KEY, unsettled INTEGER NOT NULL CHECK (unsettled >= 0)) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
    number INTEGER PRIMARY KEY,
    rule TEXT NOT NULL,
    pack TEXT NOT NULL,
    digest TEXT NOT NULL,
    revision TEXT NOT NULL,
    secrets TEXT NOT NULL,
    key TEXT NOT NULL,
    match TEXT NOT NULL,
    accepted_at REAL NOT NULL,
    hops INTEGER NOT NULL,
    traceparent TEXT NOT NULL,
    rejected TEXT,
    detail TEXT NOT NULL,
    input TEXT NOT NULL
) STRICT;

CREATE TABLE executions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    event INTEGER NOT NULL,
    action TEXT NOT NULL,
    agent TEXT NOT NULL,
    queue INTEGER REFERENCES queues (id),
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('accepted', 'queued', 'assigned', 'preparing', 'started', 'settled')),
    handed INTEGER NOT NULL DEFAULT 0,
    cancelling INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    input_bytes INTEGER NOT NULL,
    started_at REAL NOT NULL DEFAULT 0,
    settled_at REAL NOT NULL DEFAULT 0,
    outcome TEXT,
    reason TEXT,
    detail TEXT NOT NULL,
    exit_code INTEGER,
    result TEXT,
    waiting INTEGER AS (state = 'queued' AND handed = 0) VIRTUAL,
    unstarted INTEGER AS (handed = 1 AND (state IN ('queued', 'assigned') OR (state = 'preparing' AND attempt <= 1))) VIRTUAL,
    unsettled INTEGER AS (state != 'settled') VIRTUAL,
    CHECK ((state = 'settled') = (outcome IS NOT NULL)),
    CHECK ((queue IS NULL) = (sequence = 0))
) STRICT;
CREATE INDEX executions_event ON executions (event);
CREATE INDEX executions_action ON executions (action);
CREATE INDEX executions_agent ON executions (agent);
CREATE INDEX executions_outcome ON executions (outcome) WHERE outcome IS NOT NULL;
CREATE INDEX executions_state ON executions (state) WHERE state != 'settled';
CREATE INDEX executions_without_agent ON executions (event) WHERE state = 'accepted';
CREATE INDEX executions_waiting ON executions (queue, sequence) WHERE state = 'queued' AND handed = 0;
CREATE INDEX executions_unacknowledged ON executions (queue, sequence) WHERE state = 'queued' AND handed = 1;
CREATE INDEX executions_cancelling ON executions (agent) WHERE cancelling = 1;

CREATE TRIGGER executions_planned AFTER INSERT ON executions WHEN NEW.unsettled BEGIN
    UPDATE queues SET waiting = waiting + NEW.waiting, unsettled = unsettled + 1 WHERE id = NEW.queue;
    INSERT INTO loads (agent, unsettled) VALUES (NEW.agent, 1) ON CONFLICT (agent) DO UPDATE SET unsettled = unsettled + 1;
END;
CREATE TRIGGER executions_placed AFTER UPDATE OF queue, agent ON executions WHEN NEW.queue IS NOT OLD.queue BEGIN
    UPDATE queues SET waiting = waiting + NEW.waiting, unsettled = unsettled + 1 WHERE id = NEW.queue;
    INSERT INTO loads (agent, unsettled) VALUES (NEW.agent, 1) ON CONFLICT (agent) DO UPDATE SET unsettled = unsettled + 1;
    UPDATE loads SET unsettled = unsettled - 1 WHERE agent = OLD.agent;
END;
CREATE TRIGGER executions_moved AFTER UPDATE OF state, handed, attempt ON executions
WHEN NEW.queue IS OLD.queue AND (NEW.waiting != OLD.waiting OR NEW.unstarted != OLD.unstarted OR NEW.unsettled != OLD.unsettled) BEGIN
    UPDATE queues SET
        waiting = waiting + NEW.waiting - OLD.waiting,
        unstarted = unstarted + NEW.unstarted - OLD.unstarted,
        unstarted_bytes = unstarted_bytes + (NEW.unstarted - OLD.unstarted) * NEW.input_bytes,
        unsettled = unsettled + NEW.unsettled - OLD.unsettled
    WHERE id = NEW.queue;
    UPDATE loads SET unsettled = unsettled - 1 WHERE agent = NEW.agent AND OLD.unsettled AND NOT NEW.unsettled;
END;

CREATE TABLE agents (
    name TEXT PRIMARY KEY,
    labels TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    certificate_expires_at REAL NOT NULL,
    enrolled_at REAL NOT NULL,
    instance TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    version TEXT NOT NULL,
    slots INTEGER NOT NULL,
    facts TEXT NOT NULL,
    last_seen_at REAL NOT NULL
) STRICT;
CREATE TABLE join_tokens (
    token_hash TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    labels TEXT NOT NULL,
    expires_at REAL NOT NULL,
    used_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE api_tokens (
    token_hash TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE syncs (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    active_revision TEXT NOT NULL,
    activated_at REAL NOT NULL,
    observed_revision TEXT NOT NULL,
    observed_at REAL NOT NULL,
    step TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    problems TEXT NOT NULL
) STRICT;

PRAGMA user_version = 1;
"""

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

#: Step n brings version n-1 to n and says so in its last line; PRAGMA user_version takes no parameter, and is part of the transaction.
MIGRATIONS: tuple[LiteralString, ...] = (_FIRST, _THROTTLES, _MARKS, _HISTORY, _POLICIES)


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
