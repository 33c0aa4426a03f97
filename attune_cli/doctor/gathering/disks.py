"""The file systems below the directories of the programs here, and what of them is looked at; called by `table`."""

import os
from collections.abc import Iterator
from pathlib import Path

from attune_cli.doctor.facts import Disk, Inputs, Reserve
from attune_cli.doctor.findings import Unseen
from attune_cli.doctor.here import Here
from attune_core.network_disks import network_disk

_ROOT = "sudo attune doctor"


def disks(here: Here) -> Iterator[Disk | Unseen]:
    """Yield the file system of each directory."""
    for program, path, allowed in _directories(here):
        try:
            found = os.statvfs(path)
        except FileNotFoundError:
            continue  # it is made at the first start
        except OSError as error:
            yield Unseen(program=program, about=str(path), why=error.strerror or str(error), remedy=_ROOT)
            continue
        yield Disk(
            program=program,
            path=str(path),
            total=found.f_blocks * found.f_frsize,
            free=found.f_bavail * found.f_frsize,
            inodes=found.f_files,
            inodes_free=found.f_favail,
            network=network_disk(path),
            network_allowed=allowed,
        )


def reserves(here: Here) -> Iterator[Reserve | Unseen]:
    """Yield whether the controller's reserve is there, once it has a store."""
    if not here.controller:
        return
    store = here.controller.state / "store"
    try:
        if (store / "store.sqlite").exists():
            yield Reserve(program="controller", path=str(store / "reserve"), there=(store / "reserve").exists())
    except OSError as error:
        yield Unseen(program="controller", about=str(store), why=error.strerror or str(error), remedy=_ROOT)


def inputs(here: Here) -> Iterator[Inputs | Unseen]:
    """Yield where inputs are written."""
    if not here.agent:
        return
    from attune_agent.executor.places import on_memory

    run = here.agent.layout.run
    work = run / "work"
    try:
        yield Inputs(program="executor", path=str(run), on_memory=on_memory(work if work.exists() else run))
    except FileNotFoundError:
        yield Unseen(program="executor", about=str(run), why="is made when the executor starts")
    except OSError as error:
        yield Unseen(program="executor", about=str(run), why=error.strerror or str(error), remedy=_ROOT)


def _directories(here: Here) -> Iterator[tuple[str, Path, bool]]:
    if here.controller:
        settings = here.controller.settings
        yield "controller", here.controller.state, bool(settings and settings.allow_network_state)
    if here.agent:
        allowed = here.agent.settings.allow_network_state
        yield "agent", here.agent.layout.state, allowed
        yield "executor", here.agent.executor_state, allowed
        yield "executor", here.agent.layout.run, True
