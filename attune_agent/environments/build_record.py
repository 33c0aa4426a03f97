"""What is remembered of the build of an environment: for whom it was made, how long it took and what it takes of the disk.

Written by `build` before READY, which vouches for it; read by `stored`, so that nobody has to walk a tree to know its size.
"""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from attune_agent.regular_file import read_regular

BUILT = "BUILT"
_LIMIT = 1 << 16


class BuildRecord(BaseModel):
    """One build that succeeded."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pack: str
    environment: str  # its name in the pack
    execution: str  # whose build log it has
    built_at: float  # wall clock, seconds; a label
    seconds: float
    size: int  # bytes on disk
    entries: int  # files and folders


def write_build_record(place: Path, record: BuildRecord) -> None:
    """Write it beside `tree`; READY makes it durable."""
    path = place / BUILT
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(record.model_dump_json(indent=1) + "\n")


def read_build_record(place: Path) -> BuildRecord | None:
    """Return the record; None when there is none that can be read."""
    try:
        return BuildRecord.model_validate_json(read_regular(place / BUILT, _LIMIT))
    except (OSError, ValidationError):
        return None
