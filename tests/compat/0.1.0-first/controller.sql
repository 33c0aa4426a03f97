
PRAGMA page_size=4096;

BEGIN TRANSACTION;

DROP TABLE IF EXISTS agent_marks;
CREATE TABLE agent_marks (
    agent TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('cordoned', 'paused', 'draining')),
    note TEXT NOT NULL,
    operator TEXT NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (agent, kind)
) STRICT, WITHOUT ROWID;

DROP TABLE IF EXISTS agents;
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
INSERT INTO agents VALUES('web1','{"role":"web"}','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',3400000000.0,1700000000.0,'','','',0,'{}',0.0);

DROP TABLE IF EXISTS api_tokens;
CREATE TABLE api_tokens (
    token_hash TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

DROP TABLE IF EXISTS events;
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
INSERT INTO events VALUES(1,'hooks/github','e1','web.alert','web1',1700000000.0,1700000000.0,0,NULL,'','{"unit":"nginx"}');
INSERT INTO events VALUES(2,'hooks/github','e2','web.alert','web1',1700000000.0,1700000000.0,0,NULL,'','{"unit":"nginx"}');
INSERT INTO events VALUES(3,'hooks/github','e3','web.alert','web1',1700000000.0,1700000000.0,0,NULL,'','{"unit":"nginx"}');
INSERT INTO events VALUES(4,'hooks/github','e4','web.alert','web1',1700000000.0,1700000000.0,0,NULL,'','{"unit":"nginx"}');
INSERT INTO events VALUES(5,'hooks/github','e5','web.alert','web1',1700000000.0,1700000000.0,0,NULL,'','{"unit":"nginx"}');
INSERT INTO events VALUES(6,'hooks/github','e6','web.alert','web1',1700000000.0,1700000000.0,0,NULL,'','{"unit":"nginx"}');
INSERT INTO events VALUES(7,'hooks/github','e7','web.alert','web1',1700000000.0,1700000000.0,0,NULL,'','{"unit":"nginx"}');
INSERT INTO events VALUES(8,'hooks/github','unplanned','web.alert','web1',1700000000.0,1700000000.0,0,NULL,'','{"unit":"nginx"}');
INSERT INTO events VALUES(9,'hooks/github','dead','web.alert','web1',1700000000.0,1700000000.0,0,NULL,'','{"unit":"nginx"}');
INSERT INTO events VALUES(10,'attune:executions','018bcfe5-0000-7000-8000-000000000001','web.restart.completed','web1',1700000000.0,1700000000.0,0,NULL,'','{"unit":"nginx"}');
CREATE UNIQUE INDEX events_body ON events (source, body_digest) WHERE body_digest IS NOT NULL;
CREATE UNIQUE INDEX events_identity ON events (id, source);

DROP TABLE IF EXISTS executions;
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
INSERT INTO executions VALUES(1,'018bcfe5-0000-7000-8000-000000000001',1,'web.restart','web1',1,0,1,'settled',1,0,1,16,1700000000.0,1700000000.0,'failed','exit_code','',3,'{"active":false}');
INSERT INTO executions VALUES(2,'018bcfe5-0000-7000-8000-000000000002',2,'web.restart','web1',1,0,2,'started',1,0,1,16,1700000000.0,0.0,NULL,NULL,'',NULL,NULL);
INSERT INTO executions VALUES(3,'018bcfe5-0000-7000-8000-000000000003',3,'web.restart','web1',1,0,3,'queued',1,0,0,16,0.0,0.0,NULL,NULL,'',NULL,NULL);
INSERT INTO executions VALUES(4,'018bcfe5-0000-7000-8000-000000000004',4,'web.restart','web1',1,0,4,'queued',1,0,0,16,0.0,0.0,NULL,NULL,'',NULL,NULL);
INSERT INTO executions VALUES(5,'018bcfe5-0000-7000-8000-000000000005',5,'web.restart','web1',1,0,5,'queued',0,0,0,16,0.0,0.0,NULL,NULL,'',NULL,NULL);
INSERT INTO executions VALUES(6,'018bcfe5-0000-7000-8000-000000000006',6,'web.restart','web1',1,0,6,'queued',0,0,0,16,0.0,0.0,NULL,NULL,'',NULL,NULL);
INSERT INTO executions VALUES(7,'018bcfe5-0000-7000-8000-000000000007',7,'web.restart','',NULL,0,0,'accepted',0,0,0,16,0.0,0.0,NULL,NULL,'',NULL,NULL);
CREATE INDEX executions_action ON executions (action);
CREATE INDEX executions_agent ON executions (agent);
CREATE INDEX executions_cancelling ON executions (agent) WHERE cancelling = 1;
CREATE INDEX executions_event ON executions (event);
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
CREATE INDEX executions_outcome ON executions (outcome) WHERE outcome IS NOT NULL;
CREATE TRIGGER executions_placed AFTER UPDATE OF queue, agent ON executions WHEN NEW.queue IS NOT OLD.queue BEGIN
    UPDATE queues SET waiting = waiting + NEW.waiting, unsettled = unsettled + 1 WHERE id = NEW.queue;
    INSERT INTO loads (agent, unsettled) VALUES (NEW.agent, 1) ON CONFLICT (agent) DO UPDATE SET unsettled = unsettled + 1;
    UPDATE loads SET unsettled = unsettled - 1 WHERE agent = OLD.agent;
END;
CREATE TRIGGER executions_planned AFTER INSERT ON executions WHEN NEW.unsettled BEGIN
    UPDATE queues SET waiting = waiting + NEW.waiting, unsettled = unsettled + 1 WHERE id = NEW.queue;
    INSERT INTO loads (agent, unsettled) VALUES (NEW.agent, 1) ON CONFLICT (agent) DO UPDATE SET unsettled = unsettled + 1;
END;
CREATE INDEX executions_state ON executions (state) WHERE state != 'settled';
CREATE INDEX executions_unacknowledged ON executions (queue, sequence) WHERE state = 'queued' AND handed = 1;
CREATE INDEX executions_waiting ON executions (queue, sequence) WHERE state = 'queued' AND handed = 0;
CREATE INDEX executions_without_agent ON executions (event) WHERE state = 'accepted';

DROP TABLE IF EXISTS identity;
CREATE TABLE identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    incarnation TEXT NOT NULL,
    turns INTEGER NOT NULL
) STRICT;
INSERT INTO identity VALUES(1,'a90292401b231f43a49f9716e7ef86d9',1);

DROP TABLE IF EXISTS join_tokens;
CREATE TABLE join_tokens (
    token_hash TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    labels TEXT NOT NULL,
    expires_at REAL NOT NULL,
    used_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO join_tokens VALUES('t','web1','{"role":"web"}',1700000060.0,1700000000.0);

DROP TABLE IF EXISTS loads;
CREATE TABLE loads (agent TEXT PRIMARY KEY, unsettled INTEGER NOT NULL CHECK (unsettled >= 0)) STRICT, WITHOUT ROWID;
INSERT INTO loads VALUES('',1);
INSERT INTO loads VALUES('web1',5);

DROP TABLE IF EXISTS plans;
CREATE TABLE plans (
    position INTEGER PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('planned', 'dead_letter')),
    reason TEXT NOT NULL,
    revision TEXT NOT NULL,
    CHECK (status = 'planned' OR reason != '')
) STRICT;
INSERT INTO plans VALUES(1,'planned','','r1');
INSERT INTO plans VALUES(2,'planned','','r1');
INSERT INTO plans VALUES(3,'planned','','r1');
INSERT INTO plans VALUES(4,'planned','','r1');
INSERT INTO plans VALUES(5,'planned','','r1');
INSERT INTO plans VALUES(6,'planned','','r1');
INSERT INTO plans VALUES(7,'planned','','r1');
INSERT INTO plans VALUES(9,'dead_letter','no trigger','');
CREATE INDEX plans_dead ON plans (position) WHERE status = 'dead_letter';

DROP TABLE IF EXISTS queues;
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
INSERT INTO queues VALUES(1,'web1','web.restart','null',0,6,4,1,2,2,32,5);
CREATE INDEX queues_holding ON queues (action, key, place) WHERE unsettled > 0;
CREATE UNIQUE INDEX queues_identity ON queues (place, action, key);
CREATE INDEX queues_open ON queues (place, unstarted, turn) WHERE waiting > 0;

DROP TABLE IF EXISTS requests;
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
INSERT INTO requests VALUES(1,'web.on_alert','web','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','r1','{"token":"web_token"}','null','{"role":"web"}',1700000000.0,0,'',NULL,'','{"unit":"nginx"}');
INSERT INTO requests VALUES(2,'web.on_alert','web','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','r1','{"token":"web_token"}','null','{"role":"web"}',1700000000.0,0,'',NULL,'','{"unit":"nginx"}');
INSERT INTO requests VALUES(3,'web.on_alert','web','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','r1','{"token":"web_token"}','null','{"role":"web"}',1700000000.0,0,'',NULL,'','{"unit":"nginx"}');
INSERT INTO requests VALUES(4,'web.on_alert','web','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','r1','{"token":"web_token"}','null','{"role":"web"}',1700000000.0,0,'',NULL,'','{"unit":"nginx"}');
INSERT INTO requests VALUES(5,'web.on_alert','web','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','r1','{"token":"web_token"}','null','{"role":"web"}',1700000000.0,0,'',NULL,'','{"unit":"nginx"}');
INSERT INTO requests VALUES(6,'web.on_alert','web','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','r1','{"token":"web_token"}','null','{"role":"web"}',1700000000.0,0,'',NULL,'','{"unit":"nginx"}');
INSERT INTO requests VALUES(7,'web.on_alert','web','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','r1','{"token":"web_token"}','null','{"role":"web"}',1700000000.0,0,'',NULL,'','{"unit":"nginx"}');

DROP TABLE IF EXISTS syncs;
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

DROP TABLE IF EXISTS throttles;
CREATE TABLE throttles (
    rule TEXT NOT NULL,
    key TEXT NOT NULL,
    at REAL NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (rule, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX throttles_until ON throttles (until);

DROP TABLE IF EXISTS unplanned;
CREATE TABLE unplanned (position INTEGER PRIMARY KEY) STRICT;
INSERT INTO unplanned VALUES(8);
INSERT INTO unplanned VALUES(10);

DELETE FROM main.sqlite_sequence WHERE name='events';
INSERT INTO main.sqlite_sequence VALUES ('events', 10);
DELETE FROM main.sqlite_sequence WHERE name='executions';
INSERT INTO main.sqlite_sequence VALUES ('executions', 7);


COMMIT TRANSACTION;
PRAGMA user_version = 3;
