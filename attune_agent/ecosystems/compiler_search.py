"""Finding a compiler on the host's path whose version serves and that other users can execute.

Called by the compiled ecosystems. Every candidate is asked as the build user, so one below a 0700 home is passed over, and the message
says so.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from attune_agent.ecosystems.protocol import HostTools
from attune_agent.environments.probes import Answer, programs_named, what_is_there
from attune_agent.environments.stamps import Stamp
from attune_agent.host import How
from attune_agent.preparation_errors import InterpreterMissing
from attune_core.models.version_range import parse_range


@dataclass(frozen=True, kw_only=True)
class Question:
    """How a compiler is asked for its version: `version` finds it as the first group of the answer."""

    name: str
    arguments: tuple[str, ...]
    version: re.Pattern[str]
    env: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """A compiler that serves; `said` is all it says of itself."""

    program: str
    version: str
    said: str
    stamp: Stamp


async def find_compiler(question: Question, wanted: Sequence[str | None], host: HostTools) -> Compiler:
    """Return the first on the path whose version is in all the ranges; `InterpreterMissing` says what is there instead."""
    seen: list[str] = []
    ranges = list(dict.fromkeys(text for text in wanted if text))
    allowed = [parse_range(text) for text in ranges]
    for program in programs_named(question.name, host.path):
        found = _read(program, question, await host.probes.ask((program, *question.arguments), env=question.env))
        if isinstance(found, str):
            seen.append(f"{program} {found}")
        elif not all(one.allows(found.version) for one in allowed):
            seen.append(f"{program} is {found.version}")
        else:
            return found
    raise InterpreterMissing(
        f"no {' '.join((question.name, ','.join(ranges))).rstrip()} for this environment: {what_is_there(seen, host.path)}"
    )


def _read(program: str, question: Question, answer: Answer | None) -> Compiler | str:
    """Return the compiler, or why it does not serve."""
    if answer is None or answer.outcome.how is How.NOT_EXECUTABLE:
        return "cannot be executed by the users of actions"
    found = question.version.search(answer.text)
    if answer.outcome.succeeded and found is not None:
        return Compiler(program=program, version=found[1], said=answer.text.strip(), stamp=answer.stamp)
    if Path(program).resolve().name == "rustup":
        return "is rustup's stand-in, which needs a home: name the toolchain's own `bin` folder in `path`"
    return f"does not say its version ({answer.outcome.describe()})"
