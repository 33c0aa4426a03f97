"""Program log: how the long-running programs say what they do: one JSON object a line on stderr, every text made safe and bounded.

Called once by the main of controller and agent; everything else asks structlog for a logger. The command line does not use it. Where stderr
is a journal or a pipe, its reader bounds what is kept; where it is a file, nobody else does, so its older part is given up here.
"""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

import structlog
from structlog.typing import EventDict, WrappedLogger

from attune_core.safe_text import safe_text

#: Bytes of a log file at which it is shortened, and of its end that are kept then.
MOST, KEPT = 32 << 20, 8 << 20
#: Characters of one field, and of a traceback.
FIELD, TRACE = 2000, 20_000


def configure_log(level: str = "info") -> None:
    """Let structlog write to stderr from now on, what is of this level or above."""
    structlog.configure(
        processors=[
            _with_room,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _bounded,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def shorten(descriptor: int, *, most: int = MOST, kept: int = KEPT) -> None:
    """Let a regular file that has grown beyond `most` bytes keep its last whole lines, about `kept` bytes; anything else is left alone."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size <= most:
        return
    with Path(f"/proc/self/fd/{descriptor}").open("rb") as file:  # it may be open for writing alone
        file.seek(found.st_size - kept)
        end = file.read(kept).partition(b"\n")[2]
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, end)


def _with_room(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    with suppress(OSError, ValueError):  # a stderr that is closed, or may not be read, is no reason to fail
        shorten(sys.stderr.fileno())
    return event


def _bounded(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Let no field be long, or more than text."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = safe_text(value, limit=TRACE if key == "exception" else FIELD, keep_newlines=key == "exception")
        elif not isinstance(value, (int, float, bool, type(None))):
            event[key] = safe_text(str(value), limit=FIELD)
    return event
