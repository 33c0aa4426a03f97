"""The only ways in which this store's modules give SQL to SQLite: constant text, values bound beside it.

`LiteralString` makes a statement put together from values a type error.
"""

from collections.abc import Iterator
from typing import LiteralString, TypeAlias

import apsw

Value: TypeAlias = str | int | float | None
Values: TypeAlias = tuple[Value, ...]
Row: TypeAlias = tuple[object, ...]
#: SQLite's largest integer: at or above every position, number and sequence.
LARGEST = 2**63 - 1


def execute(connection: apsw.Connection, sql: LiteralString, *values: Value) -> None:
    """Run a statement that returns nothing."""
    connection.execute(sql, values).fetchall()


def execute_each(connection: apsw.Connection, sql: LiteralString, rows: list[Values]) -> None:
    """Run a statement that returns nothing, once for each tuple of values."""
    connection.executemany(sql, rows).fetchall()


def rows_of(connection: apsw.Connection, sql: LiteralString, *values: Value) -> list[Row]:
    """Return all rows."""
    return list(connection.execute(sql, values))


def row_of(connection: apsw.Connection, sql: LiteralString, *values: Value) -> Row | None:
    """Return the first row, if any."""
    rows = rows_of(connection, sql, *values)
    return rows[0] if rows else None


def each_row(connection: apsw.Connection, sql: LiteralString, *values: Value) -> Iterator[Row]:
    """Read rows one at a time, as the caller asks for them; nothing may write to what is read before it is closed or at its end."""
    yield from connection.execute(sql, values)
