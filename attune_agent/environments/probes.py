"""Programs on the host's path and what they say of themselves, asked as the build user and remembered while the file is unchanged.

Called by ecosystems and `tools`; whether a program can be executed is thus decided by the very kind of user that will execute it.
"""

import os
import stat
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from attune_agent.environments.commands import Command, CommandOutcome, CommandRunner
from attune_agent.environments.stamps import Stamp, stamp_of
from attune_core.safe_text import safe_text

#: A version check that takes longer is no version check; seconds.
_TIME_LIMIT = 30.0
_ANSWER_LIMIT = 16 << 10
_REMEMBERED = 256


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a program said, and for how long that is known."""

    outcome: CommandOutcome
    stamp: Stamp

    @property
    def text(self) -> str:
        """Return its output."""
        return self.outcome.answer.decode("utf-8", "replace")


class Probes:
    """Asks programs; only answers of a successful exit are remembered, since who may execute what changes without the file."""

    def __init__(self, run: CommandRunner) -> None:
        self._run = run
        self._known: OrderedDict[tuple[str, ...], Answer] = OrderedDict()

    async def ask(self, argv: Sequence[str], *, env: Mapping[str, str]) -> Answer | None:
        """Run a program (`argv[0]` absolute) with these arguments; None: it is gone."""
        key = (*argv, env.get("PATH", ""))
        known = self._known.get(key)
        if known is not None and known.stamp.holds():
            return known
        try:
            stamp = stamp_of(argv[0])
        except OSError:
            return None
        command = Command(argv=tuple(argv), env=env, timeout=_TIME_LIMIT, answer_limit=_ANSWER_LIMIT)
        answer = Answer(outcome=await self._run.run(command), stamp=stamp)
        if answer.outcome.succeeded:
            self._known[key] = answer
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return answer


def programs_named(name: str, path: Sequence[str]) -> Iterator[str]:
    """Yield the executable regular files of that name, in the order of the path."""
    for folder in path:
        candidate = str(Path(folder) / name)
        if _is_program(candidate):
            yield candidate


def what_is_there(seen: Sequence[str], path: Sequence[str]) -> str:
    """Say what was found, and why none of it serves."""
    return safe_text("; ".join(seen), limit=1000) or f"there is none in {':'.join(path)}"


def _is_program(path: str) -> bool:
    try:
        found = os.stat(path)  # noqa: PTH116 - the bits of the file are wanted, whoever asks
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and bool(found.st_mode & 0o111)
