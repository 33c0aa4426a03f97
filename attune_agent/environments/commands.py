"""What environments and ecosystems ask when a program must run: the agent itself starts none.

`host_commands` carries it out as a build of the executor, under the build user with exactly the given variables. Called by ecosystems,
`tools` and `build`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from attune_agent.host import How


@dataclass(frozen=True, kw_only=True)
class Command:
    """One program to run to its end. Times are seconds."""

    argv: tuple[str, ...]
    env: Mapping[str, str]  # the whole environment but HOME and TMPDIR, which are private and removed
    timeout: float
    input: bytes = b""
    cwd: str = "/"
    environment: str | None = None  # key16: its `tree` exists and belongs to the build user before the program starts
    fresh: bool = False  # that tree is emptied first
    home: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # files below HOME, 0600, which is on a tmpfs or refused
    masks: tuple[bytes, ...] = field(default=(), repr=False)  # what never reaches the build log
    execution: str | None = None  # whose `build` log gets the output; None: a short check nobody reads later
    answer_limit: int = 0  # how many bytes of its output to return


@dataclass(frozen=True, kw_only=True)
class CommandOutcome:
    """How it ended; `answer` is the start of its output as far as it was asked for."""

    how: How
    exit_code: int | None = None
    signal: int | None = None
    detail: str = ""
    answer: bytes = field(default=b"", repr=False)

    @property
    def succeeded(self) -> bool:
        """Tell whether it exited with 0."""
        return self.how is How.EXITED and self.exit_code == 0

    def complaint(self) -> str | None:
        """Return what a check prints that finds something wrong, None when it succeeded."""
        return None if self.succeeded else self.answer.decode("utf-8", "replace").strip() or self.describe()

    def describe(self) -> str:
        """Say in a few words how it ended; never output of the program."""
        if self.how is How.EXITED:
            return f"exit code {self.exit_code}"
        if self.how is How.SIGNALLED:
            return f"signal {self.signal}"
        return f"{self.how.value.replace('_', ' ')}{': ' if self.detail else ''}{self.detail[:200]}"


class CommandRunner(Protocol):
    """Runs commands as the build user, and knows what runs in what they made."""

    async def run(self, command: Command) -> CommandOutcome:
        """Run it to its end; cancelling ends its whole tree. `BuildDelayed`: it could not be started now."""
        ...

    async def used(self) -> frozenset[str]:
        """Return the keys of the environments in which attempts run, whichever agent started them; `BuildDelayed`."""
        ...
