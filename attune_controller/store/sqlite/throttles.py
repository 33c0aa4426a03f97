"""The last admitted firing of each throttled rule and key, as rows.

Called by events.py; written in the transaction of the plans that the firings are part of, so that a crash neither doubles nor loses one.
"""

from collections.abc import Mapping, Sequence
from typing import LiteralString, cast

import apsw

from attune_controller.store.ports.events import FORGOTTEN
from attune_controller.store.sqlite.statements import execute, execute_each, row_of
from attune_core.rules.throttling import Admission, ThrottleKey

_FIND: LiteralString = "SELECT at, until FROM throttles WHERE rule = ? AND key = ?"
_ADMIT: LiteralString = """
INSERT INTO throttles (rule, key, at, until) VALUES (?, ?, ?, ?)
ON CONFLICT (rule, key) DO UPDATE SET at = excluded.at, until = excluded.until
"""
_FORGET: LiteralString = """
DELETE FROM throttles WHERE (rule, key) IN (SELECT rule, key FROM throttles WHERE until <= ? ORDER BY until, rule, key LIMIT ?)
"""


def find_admissions(connection: apsw.Connection, keys: Sequence[ThrottleKey]) -> dict[ThrottleKey, Admission]:
    """Return the last admission of each key that has one."""
    found: dict[ThrottleKey, Admission] = {}
    for rule, key in keys:
        if row := cast("tuple[float, float] | None", row_of(connection, _FIND, rule, key)):
            found[rule, key] = Admission(at=row[0], until=row[1])
    return found


def store_admissions(connection: apsw.Connection, admissions: Mapping[ThrottleKey, Admission]) -> None:
    """Make each the last one of its key."""
    execute_each(connection, _ADMIT, [(rule, key, one.at, one.until) for (rule, key), one in admissions.items()])


def forget_admissions(connection: apsw.Connection, over_before: float, made: int) -> None:
    """Remove some of those whose window has ended, more than were made."""
    execute(connection, _FORGET, over_before, FORGOTTEN + made)
