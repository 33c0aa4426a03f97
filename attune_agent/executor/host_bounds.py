"""What the host allows each attempt at most: memory, and processes and threads; an action's own limits only make it less.

`starting` asks for every start; the values are the flags `--memory` and `--processes`.
"""

from dataclasses import dataclass
from pathlib import Path

from attune_agent.executor.sandbox import PROCESSES as OF_SANDBOX
from attune_agent.executor.slots import Slot
from attune_agent.executor.start_command import StartCommand

DEFAULT_PROCESSES = 512
#: A build is not bounded by what actions are: compilers take more.
_PROCESSES_OF_BUILD = 4096


@dataclass(frozen=True, slots=True)
class HostBounds:
    """Bytes, and processes with their threads."""

    memory: int
    processes: int

    def of(self, command: StartCommand) -> tuple[int, int]:
        """Return the bounds of one attempt; the two processes around a sandbox are not counted against it."""
        if command.kind == "build":
            return default_memory(), _PROCESSES_OF_BUILD
        memory, processes = min(command.memory or self.memory, self.memory), min(command.processes or self.processes, self.processes)
        return memory, processes + (OF_SANDBOX if command.sandbox is not None else 0)

    def of_slot(self, slot: Slot) -> int | None:
        """Return what RLIMIT_NPROC bounds the own uid of a slot to, its keeper included, where no group counts; None: nothing."""
        if slot.identity.uid is None or (slot.group is not None and "pids" in slot.group.folders):
            return None
        return _PROCESSES_OF_BUILD if slot.number == 0 else self.processes + OF_SANDBOX + 1

    def left_to_keeper(self, command: StartCommand, slot: Slot) -> int | None:
        """Return how many processes the keeper allows by an rlimit: where no group counts those of a uid that no other attempt has."""
        return self.of(command)[1] if command.processes is not None and slot.processes is not None else None


def default_memory() -> int:
    """Return four fifths of the host's memory: one attempt that takes too much is ended before the host has none left."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024 * 4 // 5
    return 1 << 50
