"""Building environments on request, with what a person wants to see of it: which, how long, and the end of the log when it fails.

Called by `attune agent environments build` for this host's agent; `attune validate --environments` shows the same of its own.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from attune_agent.environments.build_log import STREAM, build_name
from attune_agent.environments.stored import Stored
from attune_agent.executor.log_files import LogUnknown, attempt_directories, read_window
from attune_agent.host_environments import built, environments_here, names_of
from attune_agent.layout import Layout
from attune_agent.packs.known_packs import find_pack
from attune_agent.settings import AgentSettings
from attune_cli.render.environments import show_built
from attune_cli.render.output import note
from attune_cli.render.progress import waiting
from attune_core.errors import AttuneError
from attune_core.ids import uuid7
from attune_core.ports import SystemClock, SystemRandom

#: As much of the end of a build log as is looked at, in bytes, and as is shown, in lines.
_TAIL, _LINES = 64 << 10, 30


async def build_on_host(settings: AgentSettings, named: str, environment: str | None, *, json: bool) -> None:
    """Build one environment of a pack, or all; the first failure ends it, after the end of its log."""
    pack = find_pack(named, settings.layout.packs)
    made: list[tuple[str, Stored | None]] = []
    async with environments_here(settings) as environments:
        names = names_of(pack, environment)
        for number, name in enumerate(names, 1):
            with told_build(settings.layout, f"{pack.document.name} {name}", number=number, of=len(names), json=json) as execution:
                made.append((name, await built(environments, pack, name, execution=execution)))
    show_built(made, json=json)


@contextmanager
def told_build(layout: Layout, what: str, *, said: str = "", number: int = 1, of: int = 1, json: bool = False) -> Iterator[str]:
    """Give the id of an execution to build an environment for, and tell on stderr how it goes; `said` is of how many, in a pipe too."""
    began, execution = time.monotonic(), uuid7(SystemClock(), SystemRandom())
    note(f"{what}: is being made ready{said}")
    try:
        with waiting(what, number=number, of=of, json=json):
            yield execution
    except AttuneError:
        for line in last_lines(layout, execution):
            note(f"  {line}")
        raise
    note(f"{what}: ready after {time.monotonic() - began:.1f} s")


def last_lines(layout: Layout, execution: str) -> list[str]:
    """Return the end of a build log; none when nothing was written."""
    attempts = attempt_directories(layout.logs, build_name(execution))
    try:
        window = read_window(attempts[max(attempts)], STREAM, -_TAIL, _TAIL)
    except (LogUnknown, ValueError):
        return []
    return window.data.decode("utf-8", "replace").splitlines()[-_LINES:]
