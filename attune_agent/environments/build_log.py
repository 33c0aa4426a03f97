"""Where the build log of an execution stands: an attempt of `<execution>.build` at the executor, both output streams in its `stdout`.

`host_commands` numbers these attempts, `log_windows` reads the newest one as the stream `build`. Nothing about it is stored.
"""

from collections.abc import Iterator
from pathlib import Path

#: The stream's name in the files of that directory.
STREAM = "stdout"


def build_name(execution: str) -> str:
    """Return under which name the executor knows an execution's builds."""
    return f"{execution}.build"


def build_log_directory(logs: Path, execution: str) -> Path | None:
    """Return the directory of the newest build that this execution had done, None when it had none."""
    found = max(_attempts(logs, execution), default=None)
    return None if found is None else found[1]


def next_build_attempt(logs: Path, execution: str) -> int:
    """Return a number that no build of this execution has had, in this life of the agent or an earlier one."""
    found = max(_attempts(logs, execution), default=None)
    return 1 if found is None else found[0] + 1


def _attempts(logs: Path, execution: str) -> Iterator[tuple[int, Path]]:
    for directory in logs.glob(f"*/{build_name(execution)}/*"):
        if directory.name.isascii() and directory.name.isdecimal():
            yield int(directory.name), directory
