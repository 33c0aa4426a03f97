"""SQLite's errors as the store's own.

Called by writer.py and reader.py, so that callers see AttuneErrors with a remedy and the writer knows when to stop for good.
"""

from pathlib import Path

import apsw

from attune_controller.store.errors import StoreBusy, StoreDamaged, StoreFailed, StoreFull
from attune_core.errors import AttuneError

#: After any of these SQLite may have rolled back more than one statement, so they are the whole batch's, not one caller's.
OF_THE_DISK = (
    apsw.FullError,
    apsw.IOError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.PermissionsError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.NoMemError,
)


def explained(error: apsw.Error, place: str | Path) -> AttuneError:
    """Return a new error that says what SQLite's means for the store in this file."""
    if isinstance(error, apsw.FullError):
        return StoreFull(f"the disk of {place} is full ({error})")
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return StoreDamaged(f"{place} is damaged ({error})")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return StoreBusy(f"another program holds {place} ({error})")
    return StoreFailed(f"the disk of {place} refuses ({type(error).__name__}: {error})")
