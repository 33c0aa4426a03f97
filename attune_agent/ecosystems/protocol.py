"""What environments ask of a language ecosystem, and the values that pass between them.

Implemented by the classes in `table`; `environments.environments` calls the members in the order they stand here. Adding an ecosystem:
docs/howto/add-an-ecosystem.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from attune_agent.ecosystems.credentials import Credential
from attune_agent.environments.commands import CommandOutcome
from attune_agent.environments.probes import Probes
from attune_agent.environments.stamps import Stamp
from attune_core.models.pack import EnvironmentDocument


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a pack declares: its words and the files that decide what is installed, by their path below the lock file's folder.

    `files` are lock and manifest, `sources` what a program is compiled from; both are parts of the key.
    """

    document: EnvironmentDocument
    files: Mapping[str, bytes] = field(repr=False)
    sources: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class HostTools:
    """What a host offers to every ecosystem."""

    path: tuple[str, ...]  # the host setting `path`
    network: Mapping[str, str]  # proxy and index variables, for installers only
    ca_file: str | None
    installers: Path  # where the agent may keep its own copy of an installer, readable by all
    cache: Path  # owned by the build user; each installer takes its own folder in it
    probes: Probes
    credentials: Callable[[], Sequence[Credential]] = tuple  # read anew for each build; `SecretMissing`, `SecretRefused`

    def base_environment(self) -> dict[str, str]:
        """Return what every program gets that asks or checks: no network, nothing of the agent's own environment."""
        return {"PATH": ":".join(self.path), "LANG": "C.UTF-8"}


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """The exact programs that will make the environment; `versions` are parts of its key."""

    versions: Mapping[str, str]
    programs: Mapping[str, str]  # name -> absolute path
    stamps: tuple[Stamp, ...]  # while they hold, the versions are known without asking again


#: Nothing below HOME.
NO_FILES: Mapping[str, bytes] = MappingProxyType({})


class TreeCommands(Protocol):
    """Runs programs in a tree as the build user, within what is left of the build's time; `BuildTimedOut`."""

    async def install(self, argv: Sequence[str], env: Mapping[str, str], *, home: Mapping[str, bytes] = NO_FILES) -> CommandOutcome:
        """Run the installer, with files below its HOME. What it prints goes to the build log; `answer` is for recognising words in it."""
        ...

    async def check(self, argv: Sequence[str], env: Mapping[str, str], program: str) -> CommandOutcome:
        """Run a check with a program text on its stdin; `answer` has what it prints."""
        ...


@dataclass(frozen=True, kw_only=True)
class Build:
    """One build in progress."""

    tree: Path  # the environment's final place; empty when `install` begins
    declared: Path  # a folder with `Wanted.files` and `Wanted.sources`, readable by the build user, who cannot change it
    wanted: Wanted
    toolchain: Toolchain
    host: HostTools
    run: TreeCommands
    credentials: Sequence[Credential] = ()  # for registries; see `credentials` for the files in which installers look for them


@dataclass(frozen=True, kw_only=True)
class Activation:
    """What an attempt gets of an environment, and nothing else."""

    path: tuple[Path, ...] = ()  # before the host's
    variables: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, Path] = field(default_factory=dict)  # name at the pack copy's root -> folder in the environment
    #: First word of an action's `run` -> the arguments that come between it and the action's own.
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Ecosystem(Protocol):
    """What environments ask of a language ecosystem. Instances have no state."""

    @property
    def recipe(self) -> int:
        """Return the number of the way `install` works; it is part of the key, so raising it builds everything anew."""
        ...

    def files(self, document: EnvironmentDocument) -> Sequence[str]:
        """Return the paths in the pack of lock and manifest; none: nothing is installed, and no folder is made.

        `LockMissing` when the document does not say enough, `LockRefused` when it says what this ecosystem has no use for.
        """
        ...

    def check(self, wanted: Wanted) -> None:
        """Refuse, before anything runs, a lock that does not pin every package with a hash: `LockRefused` with the line."""
        ...

    async def toolchain(self, wanted: Wanted, host: HostTools) -> Toolchain:
        """Find the programs on the host that serve; `InterpreterMissing` says what was found instead."""
        ...

    async def install(self, build: Build) -> None:
        """Fill the empty `build.tree` from the lock alone; `InstallFailed`."""
        ...

    async def unhealthy(self, build: Build) -> str | None:
        """Look at what was installed with the host's interpreter; return what is wrong, in few words, or None.

        It is the build user that looks, outside of any sandbox: neither code of packages nor a program in the tree may run.
        """
        ...

    def activation(self, tree: Path) -> Activation:
        """Return what an attempt needs to use the environment at this place."""
        ...
