"""A program that uses a store until it is killed and says each thing on stdout when the store has answered it.

Started by test_durability as `python -m tests.controller.store.acknowledging FOLDER LIFE`.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from attune_controller.store.sqlite.store import SqliteStore, open_sqlite_store
from attune_core.states import State
from tests.controller.store.making import event, move, plan, request


@dataclass(frozen=True)
class Acknowledged:
    """What was answered: an event accepted at a position, or an execution with its number."""

    what: str
    id: str
    number: int


def say(what: str, name: str, number: int) -> None:
    """Write one line with one system call."""
    os.write(1, f"{what} {name} {number}\n".encode())


def read_acknowledged(lines: Sequence[bytes]) -> list[Acknowledged]:
    """Read what was said; a line cut off by the kill was not said."""
    words = [line.decode().split() for line in lines if line.endswith(b"\n")]
    return [Acknowledged(what=what, id=name, number=int(number)) for what, name, number in words]


async def deliver(store: SqliteStore, life: str, sender: int) -> None:
    """Deliver events one after the other, plan each, hand over and settle what there is."""
    number = 0
    while True:
        number += 1
        name = f"{life}.{sender}.{number}"
        position = (await store.accept_event(event(name))).position
        say("accepted", name, position)
        executions = [request(f"{name}.{part}", position) for part in range(3)]
        for execution in await store.record_plans([plan(position, *executions)]):
            say("planned", execution.new.id, execution.number)
        taken = await store.take_handovers("web1", window=64, window_bytes=1 << 20, limit=4)
        for handover in taken.handovers:
            say("handed", handover.execution.new.id, handover.execution.number)
        ids = [handover.execution.new.id for handover in taken.handovers]
        ends = [move(one, State.SETTLED, completion=event(one, source="attune:executions", dead_reason="nobody plans it")) for one in ids]
        for execution in await store.record_moves(ends):
            say("settled", execution.new.id, execution.number)


async def main(folder: Path, life: str) -> None:
    """Use the store with a few senders at once."""
    store = await open_sqlite_store(folder)
    async with asyncio.TaskGroup() as group:
        for sender in range(4):
            group.create_task(deliver(store, life, sender))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
