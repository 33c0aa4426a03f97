"""The floor of a start: a bare process that gives an action an attempt's confinement, and does nothing else.

That is: posix_spawn in a session of its own, as the uid that this process already is, with a private HOME and TMPDIR; at the end the uid is
emptied and the two are removed. No socket, no record, no log. `start` runs it as a program of its own, one for each slot; it answers
each count on its standard input with the seconds of each start. `python -m benchmarks.floor UID PLACE ARGV...`
"""

import json
import os
import signal
import sys
import time
from contextlib import suppress

from attune_agent.executor.confine import Identity, become

DOCUMENT = json.dumps({"unit": "web_1", "padding": "x" * 200}).encode()


def prepare(place: str) -> int:
    """Make what the action needs, and return its standard input."""
    for name in ("home", "tmp"):
        os.mkdir(f"{place}/{name}", 0o700)  # noqa: PTH102 - nothing costs less
    reader, writer = os.pipe2(os.O_CLOEXEC)
    os.write(writer, DOCUMENT)
    os.close(writer)
    return reader


def run(argv: list[str], place: str, reader: int, null: int, *, alone: bool) -> None:
    """Run the action, until nothing of it is left."""
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": f"{place}/home", "TMPDIR": f"{place}/tmp"}  # noqa: S108 - below a private one
    actions = [(os.POSIX_SPAWN_DUP2, reader, 0), (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
    child = os.posix_spawn(argv[0], argv, environment, file_actions=actions, setsid=True)
    os.close(reader)
    os.waitpid(child, 0)
    if alone:
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)


def clean(place: str) -> None:
    """Remove what was made."""
    for name in ("home", "tmp"):
        os.rmdir(f"{place}/{name}")  # noqa: PTH106 - as above


def start(argv: list[str], place: str, null: int, *, alone: bool) -> float:
    """Start the action once and return the seconds to its end."""
    began = time.perf_counter()
    run(argv, place, prepare(place), null, alone=alone)
    clean(place)
    return time.perf_counter() - began


def main() -> None:
    """Become the uid, then start as often as is asked."""
    uid, place, *argv = sys.argv[1:]
    alone = uid.isdecimal()
    become(Identity(int(uid) if alone else None))
    os.umask(0o077)
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for line in sys.stdin:
        print(json.dumps([start(argv, place, null, alone=alone) for _ in range(int(line))]), flush=True)


if __name__ == "__main__":
    main()
