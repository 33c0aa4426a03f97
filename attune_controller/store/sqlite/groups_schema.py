"""The tables of groups of waiting events: one step of migrations.py, which runs it."""

from typing import LiteralString

# A row for each open group, found by its key, by when it is due (also for a clock that stepped back) and by the first event that it needs;
# and one for each that has ended, as long as the event that it stood for. Executions of groups are of events older than what was planned
# before them, and say so as long as they are kept.
GROUPS: LiteralString = """
CREATE TABLE event_groups (
    rule TEXT NOT NULL,
    key TEXT NOT NULL,
    terms TEXT NOT NULL,
    opened_at REAL NOT NULL,
    last_at REAL NOT NULL,
    due REAL NOT NULL,
    back REAL NOT NULL,
    count INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    members TEXT NOT NULL,
    PRIMARY KEY (rule, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_groups_due ON event_groups (due);
CREATE INDEX event_groups_back ON event_groups (back);
CREATE INDEX event_groups_first ON event_groups (first);
CREATE INDEX event_groups_of_rule ON event_groups (rule, due);
CREATE TABLE group_ends (
    rule TEXT NOT NULL,
    key TEXT NOT NULL,
    last INTEGER NOT NULL,
    opened_at REAL NOT NULL,
    ended_at REAL NOT NULL,
    count INTEGER NOT NULL,
    members TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    by INTEGER NOT NULL,
    revision TEXT NOT NULL,
    PRIMARY KEY (rule, key, last)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_ends_last ON group_ends (last);
ALTER TABLE executions ADD COLUMN late INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 10;
"""
