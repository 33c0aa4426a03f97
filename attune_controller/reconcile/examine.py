"""Examine: a revision's problems as a disposable child found them.

Called by the `load` step. Whatever the child does (crash, loop, run out of memory, print nonsense) becomes `CheckDied`.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from attune_controller.child_process import Bounds, Finished, run
from attune_controller.errors import CheckDied, MirrorUnreadable
from attune_core.safe_text import safe_text
from attune_core.wire.api import ProblemView

#: Bytes of the child's answer.
ANSWER = 4 << 20


class _Answer(BaseModel):
    """What the child prints."""

    model_config = ConfigDict(extra="forbid")

    problems: list[ProblemView] = []
    failed: str = ""


class Examiner:
    """Starts one child per commit."""

    def __init__(self, mirror: Path, *, memory: int, seconds: float) -> None:
        """Take the mirror and the child's bounds: bytes of address space, seconds of wall and of processor time."""
        self._mirror, self._memory, self._seconds = mirror, memory, seconds

    async def examine(self, commit: str) -> Sequence[ProblemView]:
        """Return the problems of a commit; `CheckDied` when the child did not live to tell, `MirrorUnreadable`."""
        module = "attune_controller.reconcile.check_child"
        limits = (str(self._memory), str(int(self._seconds) + 1))
        argv = [sys.executable, "-P", "-s", "-m", module, str(self._mirror), commit, *limits]
        # PYTHONPATH is where this installation may come from; whoever starts the controller sets it.
        env = {"PATH": os.defpath, "LANG": "C.UTF-8"} | {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        try:
            done = await run(argv, env=env, bounds=Bounds(seconds=self._seconds, output=ANSWER))
        except TimeoutError as error:
            raise CheckDied(f"reading {commit[:12]} took longer than {self._seconds:g} s") from error
        try:
            answer = _Answer.model_validate_json(done.stdout)
        except ValidationError as error:
            raise CheckDied(f"the reader of {commit[:12]} {_ending(done)}") from error
        if answer.failed:
            raise MirrorUnreadable(f"{commit[:12]}: {safe_text(answer.failed, limit=300)}")
        return answer.problems


def _ending(done: Finished) -> str:
    if done.returncode < 0:
        return f"was ended by {signal.Signals(-done.returncode).name}"
    if b"MemoryError" in done.stderr:
        return "ran out of the memory it may use"
    return f"ended with {done.returncode}"
