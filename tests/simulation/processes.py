"""What runs on a simulated host: processes with a length, an exit code and manners, and the witness that they write.

Begun by `executor`. They do not die with it: whoever comes after it finds them, as on a real machine.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from attune_core.verification.observed import Seen
from tests.simulation.loop import VirtualLoop

Key = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What an action's input asks of it."""

    seconds: float
    fails: int = 0  # so many first attempts end with exit code 1
    manner: str = "plain"  # stubborn: SIGTERM is ignored; straggler: a child outlives the main process

    @classmethod
    def read(cls, text: bytes) -> "Behaviour":
        found = json.loads(text)
        return cls(seconds=float(found["seconds"]), fails=int(found["fails"]), manner=str(found["manner"]))


class Witness:
    """The lines that processes write, in the order in which they write them, and which attempts have a process now."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.lines: list[Seen] = []
        self.times: list[float] = []
        self.alive: dict[Key, Process] = {}
        self.exits: dict[Key, int | None] = {}

    def start(self, process: "Process") -> None:
        self.alive[process.key] = process
        self._write(process.key, start=True)

    def end(self, process: "Process") -> None:
        if self.alive.get(process.key) is process:
            del self.alive[process.key]
        self.exits[process.key] = process.exit_code
        self._write(process.key, start=False)

    def _write(self, key: Key, *, start: bool) -> None:
        self.lines.append(Seen(start=start, execution=key[0], attempt=key[1], line=len(self.lines) + 1))
        self.times.append(self._loop.time())


class Process:
    """The tree of one attempt."""

    def __init__(self, loop: VirtualLoop, witness: Witness, key: Key, behaviour: Behaviour) -> None:
        self.key = key
        self.exit_code: int | None = None
        self.signal: int | None = None
        self.main_alive = self.tree_alive = True
        self._loop, self._witness, self._behaviour = loop, witness, behaviour
        self._random = random.Random(f"{key}")
        #: Told when the main process, or the last of the tree, has ended.
        self.ended: Callable[[], object] = _nobody
        witness.start(self)
        code = 1 if key[1] <= behaviour.fails else 0
        self._later(behaviour.seconds, lambda: self._end_main(code, None))

    def terminate(self) -> None:
        """SIGTERM to the whole tree."""
        if self._behaviour.manner != "stubborn":
            self._later(self._random.uniform(0.001, 0.5), lambda: self._end_by(15))

    def kill(self) -> None:
        """SIGKILL to the whole tree."""
        self._later(0.002, lambda: self._end_by(9))

    def vanish(self) -> None:
        """The host loses power."""
        self.ended = _nobody
        self._end_by(9)

    def _later(self, seconds: float, then: Callable[[], None]) -> None:
        self._loop.call_later(seconds, then, context=self._loop.world.context)

    def _end_by(self, signal: int) -> None:
        self._end_main(None, signal)
        self._end_tree()

    def _end_main(self, exit_code: int | None, signal: int | None) -> None:
        if not self.main_alive:
            return
        self.main_alive, self.exit_code, self.signal = False, exit_code, signal
        if signal is None and self._behaviour.manner == "straggler":
            self._later(self._random.uniform(0.5, 6.0), self._end_tree)
            self.ended()
        else:
            self._end_tree()

    def _end_tree(self) -> None:
        if self.tree_alive:
            self.tree_alive = False
            self._witness.end(self)
            self.ended()


def _nobody() -> None:
    """Nobody sees to it."""
