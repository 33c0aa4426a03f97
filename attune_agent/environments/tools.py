"""Whether the host brings the tools that a pack requires, in a version that serves; for packs of every ecosystem.

Called by `environments` before anything is built. Tools are not installed and not part of a key.
"""

import re
from collections.abc import Mapping, Sequence

from attune_agent.ecosystems.protocol import HostTools
from attune_agent.environments.probes import Answer, programs_named, what_is_there
from attune_agent.environments.stamps import Stamp
from attune_agent.host import How
from attune_agent.preparation_errors import ToolMissing
from attune_core.models.version_range import VersionRange, parse_range

#: Ways in which tools are asked for their version; the first that exits with 0 and prints a number is believed.
_QUESTIONS = ("--version", "-version", "version")
_DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+)+", re.ASCII)


async def require_tools(tools: Mapping[str, str], host: HostTools) -> Sequence[Stamp]:
    """Return the stamps of the tools that were found; `ToolMissing` names the first that does not serve and what was found instead."""
    return [await _require(name, parse_range(wanted), host) for name, wanted in tools.items()]


async def _require(name: str, wanted: VersionRange, host: HostTools) -> Stamp:
    seen: list[str] = []
    for program in programs_named(name, host.path):
        found = await _version_of(program, host)
        if isinstance(found, str):
            seen.append(f"{program} {found}")
            continue
        version, stamp = found
        if wanted.allows(version):
            return stamp
        seen.append(f"{program} is {version}")
        break  # an action gets the first one on the path, whatever stands behind it
    raise ToolMissing(f"the pack requires {name} {wanted.text}: {what_is_there(seen, host.path)}")


async def _version_of(program: str, host: HostTools) -> tuple[str, Stamp] | str:
    """Return version and stamp, or why there is none."""
    answer: Answer | None = None
    for question in _QUESTIONS:
        answer = await host.probes.ask((program, question), env=host.base_environment())
        if answer is None or answer.outcome.how is How.NOT_EXECUTABLE:
            return "cannot be executed by the users of actions"
        if answer.outcome.succeeded and (version := _number_in(answer.text)):
            return version, answer.stamp
    return "does not say its version"


def _number_in(text: str) -> str | None:
    """Return the first number with dots (`perl 5, version 36, subversion 0 (v5.36.0)`), else the first number."""
    found = _DOTTED.search(text) or re.search(r"[0-9]+", text, re.ASCII)
    return found[0] if found else None
