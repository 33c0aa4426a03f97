"""The environments of a host as a store with a bound: what is in use is held, what was not used for longest is removed first.

`environments` holds and builds in it, the composition root lets it shrink at the start, `attune agent environments` lists and removes.
An environment goes only when no agent of this host holds it and the executor runs no attempt that uses it.
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from attune_agent.environments.commands import Command, CommandRunner
from attune_agent.environments.file_locks import LOOK_AGAIN, locked, make_folder, try_lock
from attune_agent.environments.holds import USED, Holds
from attune_agent.environments.ready import unmark
from attune_agent.environments.stored import Stored, beyond, stored
from attune_agent.preparation_errors import BuildDelayed, EnvironmentInUse, EnvironmentNotFound, EnvironmentNotRemoved
from attune_core.failpoints import failpoint

_log = structlog.get_logger(__name__)

#: Held alone while an environment is built or removed.
_LOCK = "lock"
#: Seconds for emptying one tree.
_REMOVAL_LIMIT = 600.0


class EnvironmentStore:
    """The environments below one folder."""

    def __init__(self, root: Path, *, run: CommandRunner, variables: Mapping[str, str], bound: int) -> None:
        """Take the folder, what runs commands as the build user and their environment; `bound` is bytes of all environments together."""
        self._root = root
        self._run = run
        self._variables = variables
        self._bound = bound
        self._holds = Holds(root)

    def hold_again(self, execution: str, key: str) -> bool:
        """Hold an environment that is there; False when it is not, or is being removed."""
        return self._holds.take(execution, key)

    async def hold(self, execution: str, key: str) -> Path:
        """Hold an environment, whole or yet to be built, until `release`; return its folder."""
        while not self._holds.take(execution, key):
            make_folder(self._root / key)
            if self._holds.take(execution, key):
                break
            await asyncio.sleep(LOOK_AGAIN)  # it is being removed
        return self._root / key

    def release(self, execution: str) -> None:
        """Say that an execution is settled."""
        self._holds.release(execution)

    @asynccontextmanager
    async def building(self, key: str) -> AsyncIterator[None]:
        """Keep other agents of this host from building it, too, and from removing it."""
        async with locked(self._root / key / _LOCK):
            yield

    def all(self) -> list[Stored]:
        """Return every environment, the least recently used first."""
        return stored(self._root)

    async def in_use(self) -> frozenset[str]:
        """Return the keys of those that some agent holds or builds, or some attempt runs in; `BuildDelayed`: it cannot be known now."""
        return frozenset(await self._run.used() | self.held())

    def held(self) -> frozenset[str]:
        """Return the keys of those that some agent holds or builds; an attempt whose agent is dead is not known here."""
        return frozenset(one.key for one in self.all() if not self._can_lock(one.key))

    async def shrink(self) -> None:
        """Remove what is not whole, and the least recently used until the rest is within the bound; a hindrance is only said."""
        try:
            going = beyond(self._bound, self.all(), await self.in_use())
        except (BuildDelayed, OSError) as error:
            _log.warning("environments cannot be looked through", error=str(error))
            return
        for one in going:
            try:
                await self.remove(one.key)
            except (EnvironmentInUse, EnvironmentNotFound):
                continue  # since a moment ago; the host may have several agents, and one may be asked to shrink twice
            except (BuildDelayed, EnvironmentNotRemoved, OSError) as error:
                _log.warning("an environment could not be removed", environment=one.key, error=str(error))
            else:
                _log.info("environment removed", environment=one.key, size=one.size, whole=one.made_from is not None)

    async def remove(self, key: str) -> None:
        """Remove one: its READY first, then the tree as the build user, then the folder.

        `EnvironmentNotFound`, `EnvironmentInUse`, `EnvironmentNotRemoved`; `BuildDelayed`: the executor cannot be asked.
        """
        with contextlib.ExitStack() as locks:
            if not (self._root / key).is_dir():
                raise EnvironmentNotFound(f"there is no environment {key}")
            if not self._lock_alone(key, locks):
                raise EnvironmentInUse(f"environment {key} is being built, or an execution is about to run in it")
            if key in await self._run.used():
                raise EnvironmentInUse(f"an attempt runs in environment {key}")
            await self._remove_locked(self._root / key, key)

    async def _remove_locked(self, place: Path, key: str) -> None:
        unmark(place)
        failpoint("a12")
        command = Command(argv=("true",), env=self._variables, timeout=_REMOVAL_LIMIT, environment=key, fresh=True)
        outcome = await self._run.run(command)
        if not outcome.succeeded:
            raise EnvironmentNotRemoved(f"the tree of environment {key} could not be emptied: {outcome.describe()}")
        (place / "tree").rmdir()
        await asyncio.to_thread(_remove_folder, place)

    def _lock_alone(self, key: str, locks: contextlib.ExitStack) -> bool:
        """Take both locks into the stack; False when somebody has one of them."""
        for name in (_LOCK, USED):
            try:
                descriptor = try_lock(self._root / key / name, shared=False)
            except FileNotFoundError:
                return True  # removed meanwhile
            if descriptor is None:
                return False
            locks.callback(os.close, descriptor)
        return True

    def _can_lock(self, key: str) -> bool:
        with contextlib.ExitStack() as locks:
            return self._lock_alone(key, locks)


def _remove_folder(place: Path) -> None:
    """Remove what is the agent's own; the locks' files last, while they are held."""
    shutil.rmtree(place / "declared", ignore_errors=True)
    locks = {_LOCK, USED}
    for path in sorted(place.iterdir(), key=lambda path: path.name in locks):
        path.unlink()
    with contextlib.suppress(OSError):  # another agent wants it again and has made its lock in it
        place.rmdir()
