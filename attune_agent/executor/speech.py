"""The executor's own log: one line to stderr, kept and bounded by whoever supervises the service."""

import contextlib
import sys


def say(line: str) -> None:
    """Write a line; a closed stderr is no reason to stop hosting."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"attune-executor: {line}\n")
        sys.stderr.flush()
