"""Where the build log of an execution stands: an attempt of `<execution>.build` at the executor, both output streams in its `stdout`.

`host_commands` numbers these attempts, `log_windows` reads the newest one as the stream `build`. Nothing about it is stored.
"""

from pathlib import Path

from attune_agent.executor.log_files import attempt_directories

#: The stream's name in the files of that directory.
STREAM = "stdout"


def build_name(execution: str) -> str:
    """Return under which name the executor knows an execution's builds."""
    return f"{execution}.build"


def next_build_attempt(logs: Path, execution: str) -> int:
    """Return a number that no build of this execution has had, in this life of the agent or an earlier one."""
    return max(attempt_directories(logs, build_name(execution)), default=0) + 1
