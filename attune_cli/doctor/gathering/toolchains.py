"""The ecosystems' programs of the host, and whether attempts' uids can come to them; called by `table`."""

from collections.abc import Iterator
from pathlib import Path

from attune_cli.doctor.facts import Tool
from attune_cli.doctor.gathering.entries import closed_above
from attune_cli.doctor.here import Here


def tools(here: Here) -> Iterator[Tool]:
    """Yield each program that environments may need."""
    if not here.agent:
        return
    from attune_agent.executor.identities import DEFAULT_UIDS
    from attune_cli.local.toolchains import asked, builder

    settings = here.agent.settings
    first, last = (int(part) for part in settings.uids.split("-")) if settings.uids else DEFAULT_UIDS
    for one in asked(settings.path, builder((first, last)), serves=lambda program: not _closed(program)):
        yield Tool(
            program="agent",
            ecosystem=one.ecosystem,
            name=one.name,
            path=one.path,
            version=one.version,
            trouble=one.trouble,
            closed=_closed(one.path) if one.path else "",
        )


def _closed(program: str) -> str:
    """Return the first folder that others cannot pass, on the path as it is written and where its links end."""
    return next((folder for way in (Path(program), Path(program).resolve()) for folder in closed_above(way)), "")
