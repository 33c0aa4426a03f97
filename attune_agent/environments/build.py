"""One build: everything old removed, installed from the lock, checked, and only then marked READY.

Called by `environments` under the locks of `once_per_key`; the commands run as the build user, the folder around `tree` and the record
in it are the agent's own.
"""

import asyncio
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from attune_agent.ecosystems.protocol import NO_FILES, Build, Ecosystem, HostTools, Toolchain, Wanted
from attune_agent.environments.build_record import BuildRecord, write_build_record
from attune_agent.environments.commands import Command, CommandOutcome, CommandRunner
from attune_agent.environments.key import EnvironmentKey
from attune_agent.environments.ready import is_ready, mark_ready, unmark
from attune_agent.environments.tree_size import TreeLimits, within_limits
from attune_agent.executor_errors import ExecutorUnreachable
from attune_agent.host import How
from attune_agent.masks import mask_forms
from attune_agent.preparation_errors import BuildDelayed, BuildTimedOut, EnvironmentUnhealthy
from attune_core.failpoints import failpoint
from attune_core.quantities import show_duration
from attune_core.safe_text import safe_text

_log = structlog.get_logger(__name__)

_ANSWER_LIMIT = 4 << 10
#: As much of an installer's output as is looked through for words that say what went wrong.
_SAID_LIMIT = 256 << 10
#: Seconds for removing things after a build.
_TIDY_LIMIT = 60.0
#: Bytes that the installers' cache may keep; it holds what is also in a registry.
_CACHE_LIMIT = 4 << 30
_TRIM = """\
[ -d "$1" ] || exit 0
set -- "$1" "$2" $(du -sm -- "$1")
[ "$3" -le "$2" ] || find "$1" -mindepth 1 -delete
"""


@dataclass(frozen=True, kw_only=True)
class BuildLimits:
    """Bounds of one build: seconds, bytes on disk, files."""

    time: float = 1800.0
    tree: TreeLimits = field(default_factory=TreeLimits)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to build, where, and for whom."""

    place: Path
    key: EnvironmentKey
    ecosystem: Ecosystem
    wanted: Wanted
    toolchain: Toolchain
    pack: str
    name: str  # of the environment in the pack
    execution: str  # whose build log it is


async def build(order: Order, host: HostTools, run: CommandRunner, limits: BuildLimits) -> None:
    """Make the environment whole or leave it unmarked; an `EnvironmentFailed` says why. Nothing falls back to anything."""
    if is_ready(order.place, order.key):
        return  # another agent on this host was first
    unmark(order.place)
    await asyncio.to_thread(_write_declared, order.place / "declared", {**order.wanted.sources, **order.wanted.files})
    began = time.monotonic()
    credentials = await asyncio.to_thread(host.credentials)
    masks = mask_forms([part for one in credentials for part in (one.password, f"{one.username}:{one.password}")])
    commands = _Commands(order, run, deadline=began + limits.time, time_limit=limits.time, masks=masks)
    tree = order.place / "tree"
    inside = Build(
        tree=tree,
        declared=order.place / "declared",
        wanted=order.wanted,
        toolchain=order.toolchain,
        host=host,
        run=commands,
        credentials=credentials,
    )
    try:
        size, entries = await within_limits(_install(order.ecosystem, inside), tree, limits.tree)
    except Exception:
        await commands.empty_tree(host)
        raise
    record = BuildRecord(
        pack=order.pack,
        environment=order.name,
        execution=order.execution,
        built_at=time.time(),
        seconds=time.monotonic() - began,
        size=size,
        entries=entries,
    )
    failpoint("a3")
    await asyncio.to_thread(_finish, order, record)
    await commands.trim_cache(host)


def _finish(order: Order, record: BuildRecord) -> None:
    write_build_record(order.place, record)
    mark_ready(order.place, order.key)


async def _install(ecosystem: Ecosystem, inside: Build) -> None:
    await ecosystem.install(inside)
    if reason := await ecosystem.unhealthy(inside):
        raise EnvironmentUnhealthy(f"the environment is not whole after its installation: {safe_text(reason, limit=300)}")


class _Commands:
    """The commands of one build; the first one finds the tree empty."""

    def __init__(self, order: Order, run: CommandRunner, *, deadline: float, time_limit: float, masks: tuple[bytes, ...]) -> None:
        self._order = order
        self._run = run
        self._deadline = deadline
        self._time_limit = time_limit
        self._masks = masks
        self._fresh = True

    async def install(self, argv: Sequence[str], env: Mapping[str, str], *, home: Mapping[str, bytes] = NO_FILES) -> CommandOutcome:
        """Run the installer."""
        return await self._within_time(argv, env, home=home, answer_limit=_SAID_LIMIT, execution=self._order.execution)

    async def check(self, argv: Sequence[str], env: Mapping[str, str], program: str) -> CommandOutcome:
        """Run a check."""
        return await self._within_time(argv, env, program=program.encode(), answer_limit=_ANSWER_LIMIT)

    async def empty_tree(self, host: HostTools) -> None:
        """Remove what a failed build left; the next build would do it too, but the disk need not wait for that."""
        self._fresh = True
        await self._tidy(("true",), host)

    async def trim_cache(self, host: HostTools) -> None:
        """Empty the installers' cache when it is beyond its bound; only here, when no installer uses it."""
        await self._tidy(("sh", "-euc", _TRIM, "trim", str(host.cache), str(_CACHE_LIMIT >> 20)), host)

    async def _tidy(self, argv: Sequence[str], host: HostTools) -> None:
        """Run what need not succeed: the build's end stands already, and the next build tidies again."""
        self._deadline = time.monotonic() + _TIDY_LIMIT
        try:
            outcome = await self._within_time(argv, host.base_environment())
        except (BuildDelayed, BuildTimedOut, ExecutorUnreachable) as error:
            _log.warning("a build could not be tidied up", environment=self._order.key.folder, error=error.message)
            return
        if not outcome.succeeded:
            _log.warning("a build could not be tidied up", environment=self._order.key.folder, error=outcome.describe())

    async def _within_time(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        program: bytes = b"",
        home: Mapping[str, bytes] = NO_FILES,
        answer_limit: int = 0,
        execution: str | None = None,
    ) -> CommandOutcome:
        command = Command(
            argv=tuple(argv),
            env=env,
            timeout=max(self._deadline - time.monotonic(), 0.1),
            input=program,
            cwd=str(self._order.place / "tree"),
            environment=self._order.key.folder,
            fresh=self._fresh,
            home=home,
            masks=self._masks,
            execution=execution,
            answer_limit=answer_limit,
        )
        self._fresh = False
        outcome = await self._run.run(command)
        if outcome.how is How.TIMED_OUT:
            raise BuildTimedOut(f"the build of environment {self._order.key.folder} was not done after {show_duration(self._time_limit)}")
        return outcome


def _write_declared(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put lock, manifest and sources where the build user can read them; nobody but the agent can change them."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        _make_folders(folder, (folder / name).parent)
        _write_new(folder / name, content)


def _make_folders(top: Path, folder: Path) -> None:
    for one in reversed([folder, *folder.parents]):
        if one.is_relative_to(top) and not one.is_dir():
            one.mkdir()
            one.chmod(0o755)  # whatever the umask is


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(content)
