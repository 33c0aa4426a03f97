"""`attune agent environments`: what is installed on this host for packs, why, and building or removing it; a group of `attune agent`.

Calls attune_agent.host_environments, with or without a running agent; loaded with its group, so the agent's code is imported when it runs.
"""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

import typer

from attune_cli.commands.options import JsonFlag, group
from attune_cli.errors import BadArgument

if TYPE_CHECKING:
    from attune_agent.settings import AgentSettings

app = group("Environments on this host: list, build, explain, remove.")

_Value = TypeVar("_Value")
State: TypeAlias = Annotated[
    str | None, typer.Option(help="The agent's state directory (default: $ATTUNE_AGENT_STATE, or /var/lib/attune).")
]
Run: TypeAlias = Annotated[str | None, typer.Option(help="Where the executor's socket is (default: $ATTUNE_AGENT_RUN, or /run/attune).")]
Config: TypeAlias = Annotated[
    str | None, typer.Option(help="The host's settings (default: $ATTUNE_AGENT_CONFIG, or /etc/attune/agent.yaml).")
]
Pack: TypeAlias = Annotated[str, typer.Argument(help="The folder of a pack, or the name of one that this host has.")]
Environment: TypeAlias = Annotated[str | None, typer.Argument(help="One of its environments (default: all).")]


@app.command("list")
def list_environments(state: State = None, run: Run = None, config: Config = None, json: JsonFlag = False) -> None:
    """List the environments of this host, the most recently used first.

    Example: sudo attune agent environments list
    """
    from attune_agent import host_environments as here
    from attune_cli.render import environments as render

    settings = _settings(state, run, config)

    async def work() -> list[here.Shown]:
        async with here.environments_here(settings) as environments:
            return await here.listed(environments)

    render.show_list(_as_owner(settings, work()), json=json)


@app.command()
def build(
    pack: Pack,
    environment: Environment = None,
    state: State = None,
    run: Run = None,
    config: Config = None,
    json: JsonFlag = False,
) -> None:
    """Build what a pack declares, ahead of executions.

    The end of the build log is shown when that fails.

    Example: sudo attune agent environments build packs/web
    """
    from attune_cli.local.environment_builds import build_on_host

    settings = _settings(state, run, config)
    _as_owner(settings, build_on_host(settings, pack, environment, json=json))


@app.command()
def remove(
    key: Annotated[str | None, typer.Argument(help="Its key, or how the key begins.")] = None,
    unused: Annotated[bool, typer.Option("--unused", help="Every one that is not in use.")] = False,
    state: State = None,
    run: Run = None,
    config: Config = None,
    json: JsonFlag = False,
) -> None:
    """Remove an environment; one that is in use is refused.

    Example: sudo attune agent environments remove --unused
    """
    from attune_agent import host_environments as here
    from attune_cli.render import environments as render

    if (key is None) is not unused:
        raise BadArgument("name one environment, or give --unused")
    settings = _settings(state, run, config)

    async def work() -> list[str]:
        async with here.environments_here(settings) as environments:
            if key is not None:
                return [await here.removed(environments, key)]
            return [one.key for one in await here.removed_unused(environments)]

    render.show_removed(_as_owner(settings, work()), json=json)


@app.command()
def why(
    pack: Pack,
    environment: Environment = None,
    state: State = None,
    run: Run = None,
    config: Config = None,
    json: JsonFlag = False,
) -> None:
    """Say what a pack's environment is made from.

    It is compared with what was built for it before: each difference is a reason for a new one.

    Example: sudo attune agent environments why web python
    """
    from attune_agent import host_environments as here
    from attune_agent.packs.known_packs import find_pack
    from attune_cli.render import environments as render

    settings = _settings(state, run, config)

    async def work() -> list[here.Reason]:
        found = find_pack(pack, settings.layout.packs)
        async with here.environments_here(settings) as environments:
            return [await here.reason(environments, found, name) for name in here.names_of(found, environment)]

    render.show_reasons(_as_owner(settings, work()), json=json)


def _settings(state: str | None, run: str | None, config: str | None) -> "AgentSettings":
    import os
    from argparse import Namespace

    from attune_agent.settings import read_settings

    given = {"state": state, "run": run, "config": config}
    return read_settings(Namespace(**{name: text for name, text in given.items() if text is not None}), os.environ)


def _as_owner(settings: "AgentSettings", work: Coroutine[None, None, _Value]) -> _Value:
    """Do the work as the user to whom the environments belong; only errors of ours are logged, on stderr."""
    import os

    from attune_agent.host_environments import become_owner
    from attune_core.program_log import configure_log

    configure_log("error")
    try:
        become_owner(settings.layout)
    except BaseException:
        work.close()
        raise
    os.umask(0o022)
    return asyncio.run(work)
