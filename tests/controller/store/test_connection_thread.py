"""The letterbox of a connection's thread: bounded, fair to its callers, and never silent."""

import asyncio
from pathlib import Path

import apsw
import pytest

from attune_controller.store.errors import StoreBusy, StoreFailed
from attune_controller.store.sqlite import connection_thread
from attune_controller.store.sqlite.connection_thread import ConnectionThread, More, Ticket
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.errors import AttuneError
from tests.controller.store.holding import held_writer
from tests.controller.store.making import event


class Broken:
    """A thread's work that has a defect."""

    def serve(self, batch: list[Ticket], more: More) -> AttuneError | None:
        raise RuntimeError(f"a defect with {len(batch)} and {more}")

    def rest(self, *, idle: bool) -> None: ...

    def end(self) -> None: ...


def nothing(connection: apsw.Connection) -> None: ...


async def test_more_callers_than_the_bound_are_refused_and_the_others_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_thread, "WAITING", 3)
    store = await open_sqlite_store(tmp_path)
    async with held_writer(store):
        callers = [asyncio.ensure_future(store.accept_event(event(f"{number}"))) for number in range(5)]
        await asyncio.sleep(0)
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert [isinstance(result, StoreBusy) for result in results] == [False, False, False, True, True]
    await store.close()


async def test_batches_are_bounded_and_keep_the_order_of_arrival(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_thread, "BATCH", 4)
    store = await open_sqlite_store(tmp_path)
    async with held_writer(store):
        callers = [asyncio.ensure_future(store.accept_event(event(f"{number}"))) for number in range(11)]
        await asyncio.sleep(0)
    assert [(await caller).position for caller in callers] == list(range(1, 12))
    await store.close()


async def test_a_defect_in_the_thread_is_told_to_every_caller_and_leaves_none_waiting() -> None:
    thread = ConnectionThread(Broken(), "broken")
    for _ in range(2):
        with pytest.raises(StoreFailed, match="a defect"):
            await thread.run(nothing)
    await thread.close()


async def test_an_answer_for_a_loop_that_is_gone_harms_nobody(tmp_path: Path) -> None:
    store = await open_sqlite_store(tmp_path)

    def leave() -> None:
        async def ask_and_go() -> None:
            asking = asyncio.ensure_future(store.accept_event(event("asked")))
            await asyncio.sleep(0)
            asking.cancel()

        asyncio.run(ask_and_go())

    async with held_writer(store):
        await asyncio.to_thread(leave)
    assert (await store.accept_event(event("asked"))).duplicate
    await store.close()
