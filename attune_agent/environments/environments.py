"""Environments on this host: what an action declares becomes a place with a READY record, built at most once per key and held in use.

The attempt calls `prepare` for every start; a warm one is a few `stat` calls. Cold ones go on to `tools`, the ecosystem, `once_per_key`
and `build`; where it all stands and what goes again is the business of `store`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from attune_agent.ecosystems.protocol import Activation, Ecosystem, HostTools, Toolchain, Wanted
from attune_agent.ecosystems.table import ECOSYSTEMS
from attune_agent.environments.build import BuildLimits, Order, build
from attune_agent.environments.commands import CommandRunner
from attune_agent.environments.declared import DeclaringPack, declared
from attune_agent.environments.key import EnvironmentKey, key_of, this_machine
from attune_agent.environments.once_per_key import OncePerKey
from attune_agent.environments.ready import READY, is_ready
from attune_agent.environments.stamps import Stamp, stamp_of
from attune_agent.environments.store import EnvironmentStore
from attune_agent.environments.tools import require_tools
from attune_agent.preparation_errors import BuildDelayed, EnvironmentFailed, EnvironmentUnknown

#: Environments whose readiness is remembered; one more stat-and-read for what falls out.
_REMEMBERED = 1024


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What an attempt gets of its environment: this and nothing else."""

    key: str | None = None  # the environment's folder; None when nothing is installed
    path: tuple[str, ...] = ()  # before the host setting `path`
    variables: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, Path] = field(default_factory=dict)  # the pack copy's only links
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def command(self, run: Sequence[str]) -> tuple[str, ...]:
        """Return the argv for an action's `run`: behind its first word stand the environment's arguments for it."""
        return (run[0], *self.arguments.get(run[0], ()), *run[1:])


@dataclass(frozen=True, kw_only=True)
class _Warm:
    prepared: Prepared
    stamps: Sequence[Stamp]


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What one environment of a pack would be made from on this host now; `key` is None when nothing is installed."""

    ecosystem: Ecosystem
    wanted: Wanted
    toolchain: Toolchain
    key: EnvironmentKey | None


class Environments:
    """The environments below one folder. `run` must be the one that `host.probes` asks with."""

    def __init__(
        self,
        root: Path,
        *,
        host: HostTools,
        run: CommandRunner,
        bound: int,
        limits: BuildLimits | None = None,
        ecosystems: Mapping[str, Ecosystem] = ECOSYSTEMS,
    ) -> None:
        """Take the folder, what the host offers, and the bounds of one build and of all environments together."""
        self.store = EnvironmentStore(root, run=run, variables=host.base_environment(), bound=bound)
        self._host = host
        self._run = run
        self._limits = limits or BuildLimits()
        self._ecosystems = ecosystems
        self._builds = OncePerKey()
        self._shrinking: set[asyncio.Task[None]] = set()
        self._one_build = asyncio.Lock()  # the executor has one build user, so a second build could only wait inside its time limit
        self._warm: OrderedDict[tuple[str, str | None], _Warm] = OrderedDict()

    async def prepare(self, pack: DeclaringPack, name: str | None, *, execution: str) -> Prepared:
        """Return the pack's environment of that name (None: the action declares none), built if it must be.

        `execution` is whose build log a build writes, and who holds the environment until `store.release`. `EnvironmentFailed` and its
        kinds say what is missing; `BuildDelayed` passes.
        """
        try:
            known = self._warm.get((pack.digest, name))
            if known is not None and self._is_still(known, execution):
                return known.prepared
            warm = await self._prepare_cold(pack, name, execution)
        except OSError as error:  # a full or failing disk: nothing is marked, and trying again may succeed
            raise BuildDelayed(f"the environment's folder cannot be used: {error.strerror} ({error.filename})") from error
        self._warm[pack.digest, name] = warm
        self._warm.move_to_end((pack.digest, name))
        while len(self._warm) > _REMEMBERED:
            self._warm.popitem(last=False)
        return warm.prepared

    async def _prepare_cold(self, pack: DeclaringPack, name: str | None, execution: str) -> _Warm:
        tools = await require_tools(pack.document.requires.tools, self._host)
        if name is None:
            return _Warm(prepared=Prepared(), stamps=tools)
        found = await self.resolve(pack, name)
        if found.key is None:
            return _Warm(prepared=Prepared(), stamps=[*tools, *found.toolchain.stamps])
        place = await self.store.hold(execution, found.key.folder)
        if not is_ready(place, found.key):
            await self._build_once(
                Order(
                    place=place,
                    key=found.key,
                    ecosystem=found.ecosystem,
                    wanted=found.wanted,
                    toolchain=found.toolchain,
                    pack=pack.document.name,
                    name=name,
                    execution=execution,
                )
            )
        stamps = [*tools, *found.toolchain.stamps, stamp_of(str(place / READY))]
        return _Warm(prepared=_prepared(found.key.folder, found.ecosystem.activation(place / "tree")), stamps=stamps)

    async def at_rest(self) -> None:
        """Wait until nothing is being removed any more; for programs that end."""
        await asyncio.gather(*self._shrinking)

    async def resolve(self, pack: DeclaringPack, name: str) -> Resolved:
        """Return what the environment of that name is made from; nothing is built. Errors as of `prepare`."""
        if name not in pack.document.environments:
            raise EnvironmentUnknown(f"pack {pack.document.name} declares no environment {name!r}")
        document = pack.document.environments[name]
        ecosystem = self._ecosystems[document.ecosystem]
        wanted = declared(pack, document, ecosystem.files(document))
        ecosystem.check(wanted)
        toolchain = await ecosystem.toolchain(wanted, self._host)
        if not wanted.files:
            return Resolved(ecosystem=ecosystem, wanted=wanted, toolchain=toolchain, key=None)
        key = key_of(
            document.ecosystem,
            files={**wanted.sources, **wanted.files},
            settings={"recipe": str(ecosystem.recipe), **({"scripts": "true"} if document.scripts else {})},
            versions=toolchain.versions,
            machine=this_machine(),
        )
        return Resolved(ecosystem=ecosystem, wanted=wanted, toolchain=toolchain, key=key)

    def _is_still(self, known: _Warm, execution: str) -> bool:
        key = known.prepared.key
        # Held first: what is held is not removed while the stamps are looked at.
        return (key is None or self.store.hold_again(execution, key)) and all(stamp.holds() for stamp in known.stamps)

    async def _build_once(self, order: Order) -> None:
        builder = self._builds.begun_by(order.key.digest) or order.execution
        try:
            await self._builds.run(order.key.digest, lambda: self._build(order), who=order.execution)
        except EnvironmentFailed as error:
            if builder == order.execution:
                raise
            raise type(error)(f"{error.message}; its build log is that of execution {builder}", hint=error.hint) from error

    async def _build(self, order: Order) -> None:
        async with self._one_build, self.store.building(order.key.folder):
            await build(order, self._host, self._run, self._limits)
        shrinking = asyncio.create_task(self.store.shrink())  # nobody who waits for this build need wait for that
        self._shrinking.add(shrinking)
        shrinking.add_done_callback(self._shrinking.discard)


def _prepared(key: str, activation: Activation) -> Prepared:
    return Prepared(
        key=key,
        path=tuple(map(str, activation.path)),
        variables=activation.variables,
        links=activation.links,
        arguments=activation.arguments,
    )
