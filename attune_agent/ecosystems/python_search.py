"""Finding a Python interpreter on the host's path that fits a range and that other users can execute.

Called by `python`. Every candidate is asked as the build user, so one below a 0700 home is passed over, and the message says so.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from attune_agent.ecosystems.protocol import HostTools
from attune_agent.environments.probes import Answer, programs_named, what_is_there
from attune_agent.environments.stamps import Stamp, stamp_of
from attune_agent.host import How
from attune_agent.preparation_errors import InterpreterMissing
from attune_core.models.version_range import parse_range

_NAME = re.compile(r"python3\.([0-9]{1,3})", re.ASCII)
#: How many candidates are asked at most.
_CANDIDATES = 32
_QUESTION = """\
import json, sys, sysconfig
print(json.dumps([sys.executable, "%d.%d.%d" % sys.version_info[:3], sys.implementation.name,
                  sysconfig.get_config_var("SOABI") or "", sys.prefix != sys.base_prefix]))
"""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """An interpreter that serves."""

    executable: str
    version: str  # 3.11.2
    build: str  # implementation and ABI: what compiled packages depend on
    stamps: tuple[Stamp, ...]


async def find_interpreter(wanted: Sequence[str | None], host: HostTools) -> Interpreter:
    """Return the first on the path whose version is in all the ranges; `InterpreterMissing` says what is there instead."""
    seen: list[str] = []
    ranges = list(dict.fromkeys(text for text in wanted if text))
    allowed = [parse_range(text) for text in ranges]
    for number, candidate in enumerate(_candidates(host.path, seen)):
        if number == _CANDIDATES:
            break
        found = _read(candidate, await host.probes.ask((candidate, "-I", "-c", _QUESTION), env=host.base_environment()))
        if isinstance(found, str):
            seen.append(f"{candidate} {found}")
        elif not all(one.allows(found.version) for one in allowed):
            seen.append(f"{candidate} is {found.version}")
        else:
            return found
    raise InterpreterMissing(f"no {' '.join(('python', ','.join(ranges))).rstrip()} for this environment: {what_is_there(seen, host.path)}")


def _candidates(path: Sequence[str], seen: list[str]) -> Iterator[str]:
    """Yield each folder's `python3`, then its `python3.N`, newest first."""
    for folder in path:
        try:
            names = [found for entry in Path(folder).iterdir() if (found := _NAME.fullmatch(entry.name))]
        except FileNotFoundError:
            continue
        except OSError as error:
            seen.append(f"{folder} cannot be read ({error.strerror})")
            continue
        newest_first = sorted(names, key=lambda found: -int(found[1]))
        for name in ("python3", *(found[0] for found in newest_first)):
            yield from programs_named(name, (folder,))


def _read(candidate: str, answer: Answer | None) -> Interpreter | str:
    """Return the interpreter, or why it does not serve."""
    if answer is None or answer.outcome.how is How.NOT_EXECUTABLE:
        return "cannot be executed by the users of actions"
    if not answer.outcome.succeeded:
        return f"does not say its version ({answer.outcome.describe()})"
    try:
        executable, version, implementation, abi, virtual = json.loads(answer.text)
        stamps = (answer.stamp, stamp_of(executable))
    except (ValueError, TypeError, OSError):
        return "does not say its version"
    if virtual:
        return "is inside a virtual environment, which somebody else may change"
    build = f"{implementation} {abi}"
    return Interpreter(executable=executable, version=version, build=build, stamps=stamps if executable != candidate else stamps[:1])
