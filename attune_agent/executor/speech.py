"""The executor's own log: one line to stderr, kept and bounded by whoever supervises the service, or here where that is a file."""

import contextlib
import os
import stat
import sys

#: Bytes of a log file at which it begins anew.
MOST = 8 << 20


def say(line: str) -> None:
    """Write a line; a closed stderr is no reason to stop hosting."""
    with contextlib.suppress(OSError, ValueError):
        descriptor = sys.stderr.fileno()
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_size > MOST:
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
        sys.stderr.write(f"attune-executor: {line}\n")
        sys.stderr.flush()
