"""What people ask of the environments on a host, with or without a running agent: which there are, why, build, remove.

Called by `attune agent environments`; everything goes through the same store, locks and executor as the agent's own builds.
"""

import os
import pwd
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from attune_agent.app import environments_of
from attune_agent.environments.differences import Difference, differences
from attune_agent.environments.environments import Environments
from attune_agent.environments.stored import Stored
from attune_agent.errors import SettingsRefused
from attune_agent.executor_link import ExecutorLink
from attune_agent.layout import Layout
from attune_agent.packs.pack_copy import PackCopy
from attune_agent.preparation_errors import BuildDelayed, EnvironmentInUse, EnvironmentNotFound, EnvironmentUnknown
from attune_agent.settings import AgentSettings
from attune_core.ports import SystemClock
from attune_core.values import JsonObject

#: How long the executor is waited for, seconds.
_EXECUTOR_LIMIT = 2.0


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One environment and whether it is in use."""

    stored: Stored
    in_use: bool


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What the key of a pack's environment is made of now, and what differs from the ones that were made for it before."""

    name: str
    ecosystem: str
    key: str | None  # None: nothing is installed
    made_from: JsonObject
    ready: bool
    others: Sequence[tuple[Stored, Sequence[Difference]]] = ()


@asynccontextmanager
async def environments_here(settings: AgentSettings) -> AsyncIterator[Environments]:
    """Give the environments of this host, for as long as the context lasts."""
    async with ExecutorLink(settings.layout.run, connect_limit=_EXECUTOR_LIMIT) as host:
        environments = environments_of(settings.layout, settings.host, host=host, clock=SystemClock())
        yield environments
        await environments.at_rest()


def become_owner(layout: Layout) -> None:
    """Go on as the user to whom the environments belong, so that everything made here is theirs; only root can."""
    try:
        owner = layout.environments.stat().st_uid
    except OSError as error:
        hint = "name the agent's state directory by --state or $ATTUNE_AGENT_STATE; `attune up` prints what its agent has"
        raise SettingsRefused(f"there are no environments at {layout.environments}: {error.strerror}", hint=hint) from error
    if owner == os.geteuid():
        return
    try:
        user = pwd.getpwuid(owner)
        name, group, groups = user.pw_name, user.pw_gid, os.getgrouplist(user.pw_name, user.pw_gid)
    except KeyError:
        name, group, groups = f"uid {owner}", owner, [owner]
    if os.geteuid() != 0:
        raise SettingsRefused(f"{layout.environments} belongs to {name}", hint=f"run it as root or as {name}, for example with sudo")
    os.setgroups(groups)
    os.setgid(group)
    os.setuid(owner)


async def listed(environments: Environments) -> list[Shown]:
    """Return every environment, the most recently used first; without an executor, only what agents hold is known to be in use."""
    store = environments.store
    try:
        in_use = await store.in_use()
    except BuildDelayed:
        in_use = store.held()
    return [Shown(stored=one, in_use=one.key in in_use) for one in reversed(store.all())]


async def built(environments: Environments, pack: PackCopy, name: str, *, execution: str) -> Stored | None:
    """Build one environment of a pack unless it is there; None: nothing is installed for it. Errors as of `Environments.prepare`."""
    prepared = await environments.prepare(pack, name, execution=execution)
    return next((one for one in environments.store.all() if one.key == prepared.key), None)


async def removed(environments: Environments, key: str) -> str:
    """Remove the environment whose key begins like this; `EnvironmentNotFound`, and the errors of `EnvironmentStore.remove`."""
    found = [one.key for one in environments.store.all() if one.key.startswith(key)]
    if len(found) != 1 or not key:
        raise EnvironmentNotFound(f"{'several environments begin' if found else 'no environment begins'} with {key[:40]!r}")
    await environments.store.remove(found[0])
    return found[0]


async def removed_unused(environments: Environments) -> list[Stored]:
    """Remove every environment that is not in use, and what is left of builds; `BuildDelayed`: it cannot be known what is."""
    gone: list[Stored] = []
    in_use = await environments.store.in_use()
    for one in environments.store.all():
        if one.key not in in_use:
            try:
                await environments.store.remove(one.key)
            except (EnvironmentInUse, EnvironmentNotFound):
                continue  # since a moment ago
            gone.append(one)
    return gone


async def reason(environments: Environments, pack: PackCopy, name: str) -> Reason:
    """Say what decides which environment this is, and why it is not one of those that were made for it before."""
    found = await environments.resolve(pack, name)
    ecosystem = pack.document.environments[name].ecosystem
    if found.key is None:
        return Reason(name=name, ecosystem=ecosystem, key=None, made_from={}, ready=True)
    stored = [one for one in reversed(environments.store.all()) if one.made_from is not None]
    before = [one for one in stored if one.built and (one.built.pack, one.built.environment) == (pack.document.name, name)]
    others = [(one, differences(found.key.parts, one.made_from or {})) for one in before if one.key != found.key.folder]
    ready = any(one.key == found.key.folder for one in stored)
    return Reason(name=name, ecosystem=ecosystem, key=found.key.folder, made_from=found.key.parts, ready=ready, others=others)


def names_of(pack: PackCopy, name: str | None) -> Sequence[str]:
    """Return the environments that are meant: the one, or all that the pack declares; `EnvironmentUnknown`."""
    declared = list(pack.document.environments)
    if name is not None and name not in declared:
        raise EnvironmentUnknown(f"pack {pack.document.name} declares no environment {name!r}, but {', '.join(declared) or 'none'}")
    return declared if name is None else [name]
