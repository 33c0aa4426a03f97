
PRAGMA page_size=4096;

BEGIN TRANSACTION;

DROP TABLE IF EXISTS items;
CREATE TABLE items (
    execution TEXT PRIMARY KEY,
    place TEXT NOT NULL, action TEXT NOT NULL, key TEXT NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
    body TEXT NOT NULL,
    phase TEXT NOT NULL DEFAULT 'waiting',
    attempt INTEGER NOT NULL DEFAULT 1,
    excused INTEGER NOT NULL DEFAULT 0,
    ever_started INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0,
    cancel TEXT NOT NULL DEFAULT '',
    state_id TEXT NOT NULL DEFAULT '',
    life TEXT NOT NULL DEFAULT '',
    UNIQUE (place, action, key, epoch, sequence)
) STRICT;
INSERT INTO items VALUES('018bcfe5-0000-7000-8000-000000000002','web1','web.restart','null',0,2,'{"execution":"018bcfe5-0000-7000-8000-000000000002","number":2,"queue":{"place":"web1","action":"web.restart","key":"null"},"epoch":0,"sequence":2,"after":1,"action":"web.restart","pack":"web","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","revision":"r1","input":{"unit":"nginx"},"secrets":{"token":"web_token"},"policy":{"limit":1,"timeout":3600.0,"grace":10.0,"retry":{"maximum_attempts":1,"after":[],"initial_interval":1.0,"backoff_coefficient":2.0,"maximum_interval":60.0}},"traceparent":""}','started',1,0,1,0.0,'','executor-1','life-1');
INSERT INTO items VALUES('018bcfe5-0000-7000-8000-000000000003','web1','web.restart','null',0,3,'{"execution":"018bcfe5-0000-7000-8000-000000000003","number":3,"queue":{"place":"web1","action":"web.restart","key":"null"},"epoch":0,"sequence":3,"after":2,"action":"web.restart","pack":"web","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","revision":"r1","input":{"unit":"nginx"},"secrets":{"token":"web_token"},"policy":{"limit":1,"timeout":3600.0,"grace":10.0,"retry":{"maximum_attempts":1,"after":[],"initial_interval":1.0,"backoff_coefficient":2.0,"maximum_interval":60.0}},"traceparent":""}','waiting',1,0,0,0.0,'','','');
INSERT INTO items VALUES('018bcfe5-0000-7000-8000-000000000004','web1','web.restart','null',0,4,'{"execution":"018bcfe5-0000-7000-8000-000000000004","number":4,"queue":{"place":"web1","action":"web.restart","key":"null"},"epoch":0,"sequence":4,"after":3,"action":"web.restart","pack":"web","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","revision":"r1","input":{"unit":"nginx"},"secrets":{"token":"web_token"},"policy":{"limit":1,"timeout":3600.0,"grace":10.0,"retry":{"maximum_attempts":1,"after":[],"initial_interval":1.0,"backoff_coefficient":2.0,"maximum_interval":60.0}},"traceparent":""}','waiting',1,0,0,0.0,'','','');

DROP TABLE IF EXISTS meta;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('draining','');
INSERT INTO meta VALUES('instance','i-recorded');
INSERT INTO meta VALUES('paused','');
INSERT INTO meta VALUES('revision','');
INSERT INTO meta VALUES('session','s-recorded');

DROP TABLE IF EXISTS outbox;
CREATE TABLE outbox (number INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
INSERT INTO outbox VALUES(1,'{"execution":"018bcfe5-0000-7000-8000-000000000002","attempt":1,"state":"started","at":1700000000.0}');
INSERT INTO outbox VALUES(2,'{"execution":"018bcfe5-0000-7000-8000-000000000001","attempt":1,"state":"settled","outcome":"succeeded","exit_code":0,"at":1700000000.0}');

DROP TABLE IF EXISTS policies;
CREATE TABLE policies (action TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;

DROP TABLE IF EXISTS queues;
CREATE TABLE queues (
    place TEXT NOT NULL, action TEXT NOT NULL, key TEXT NOT NULL, epoch INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (place, action, key, epoch)
) STRICT, WITHOUT ROWID;
INSERT INTO queues VALUES('web1','web.restart','null',0,4);


COMMIT TRANSACTION;
PRAGMA user_version = 1;
