"""The schema as the first version had it: step 1 of `migrations`, which changes it from there on.

Called by migrations.py; never edited, because stores were made with it.
"""

from typing import LiteralString

# What grows by the size of inputs is apart from what changes: SQLite writes a whole row for each change of it. So `events` and
# `requests` are written once, and `plans` and `executions` are small. The triggers keep the counters that hand-over, placement and
# the status read instead of counting; `waiting`, `unstarted` and `unsettled` are transitions.is_waiting and is_unstarted in SQL.
# Executions outlive events (30 and 7 days), hence no foreign key between them.
FIRST: LiteralString = """
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
