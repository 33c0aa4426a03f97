"""Restoring: a state directory out of a backup, with a store that begins another life.

Called by `attune controller restore`, before any controller runs there. What the backup holds and nobody can say whether it went on ends
here; what agents can tell is left to `merging`, when they say hello to the controller that is started next.
"""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from attune_controller.backup import Manifest, copy_kept, put_in_place, read_manifest, sync_folders
from attune_controller.errors import BackupRefused
from attune_controller.merging import lost
from attune_controller.store.port import Store
from attune_controller.store.records.groups import EndedGroup
from attune_controller.store.records.plans import PlannedEvent
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.dead_letters import DeadLetter, DeadReason
from attune_core.ports import Clock, Random
from attune_core.rules.ending import Lapse
from attune_core.rules.groups import Group

#: Rows of one transaction.
BATCH = 100
#: Of an event that the backup holds without its plan.
UNPLANNED = DeadLetter(
    reason=DeadReason.RESTORED,
    detail="it was accepted just before the backup was made, and may have been planned after it; retry it if it was not",
)
#: Of a group of events that a throttle let wait.
UNENDED = "it waited when the backup was made, and may have fired after it"
UNPLACED = "it waited for an agent when the backup was made, and may have been placed and started after it"


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What came out of a backup."""

    manifest: Manifest
    incarnation: str
    #: Events that became dead letters, and executions that are lost, because what became of them is not known.
    dead_letters: int
    lost: int
    #: Groups of waiting events that ended with nothing, for the same reason.
    groups: int
    #: Agents that are asked what they hold.
    agents: int


def restore_backup(backup: Path, state: Path, clock: Clock, random: Random) -> Restored:
    """Make a state directory of a backup, whole or not at all; `BackupUnusable`, `BackupRefused`, `StoreTooNew`."""
    if state.exists() and (not state.is_dir() or any(state.iterdir())):
        raise BackupRefused(f"{state} is there already and is not empty")
    manifest = read_manifest(backup)
    part = state.with_name(f".{state.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # left by a restore that died
    try:
        part.mkdir(mode=0o700, parents=True)
        copy_kept(backup, manifest, part)
        restored = asyncio.run(_open_and_begin(part, manifest, clock, random))
        sync_folders(part)
        put_in_place(part, state)
    except OSError as error:
        raise BackupRefused(f"{error.filename or state}: {error.strerror}", hint="check the space and the permissions there") from error
    return restored


async def _open_and_begin(state: Path, manifest: Manifest, clock: Clock, random: Random) -> Restored:
    store = await open_sqlite_store(state / "store", random=random)
    try:
        ended = await begin_another_life(store, clock, random)
        agents = len(await store.unmerged())
        return Restored(
            manifest=manifest, incarnation=store.incarnation, dead_letters=ended.dead, lost=ended.lost, groups=ended.groups, agents=agents
        )
    finally:
        await store.close()


@dataclass(frozen=True)
class Ended:
    """What ended because nobody can say whether it went on."""

    dead: int
    groups: int
    lost: int


async def begin_another_life(store: Store, clock: Clock, random: Random) -> Ended:
    """Give the store its new identity, and end what may have gone on without it."""
    await store.restored(random.bytes(16).hex())
    dead = ended = given_up = 0
    while events := await store.unplanned(limit=BATCH):
        await store.record_plans([PlannedEvent(position=event.position, revision="", dead=UNPLANNED) for event in events])
        dead += len(events)
    while groups := await store.list_groups(after=("", ""), limit=BATCH):
        await store.record_plans([_given_up(group, clock.now()) for group in groups])
        given_up += len(groups)
    while waiting := await store.waiting_for_agent(limit=BATCH):
        ended += len(await store.record_moves([lost(execution, clock.now(), UNPLACED) for execution in waiting]))
    return Ended(dead=dead, groups=given_up, lost=ended)


def _given_up(group: Group, now: float) -> EndedGroup:
    return EndedGroup(group=group, at=now, outcome=Lapse.RESTORED, revision="", detail=UNENDED)
