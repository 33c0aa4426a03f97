"""Dispatch at moments that real agents meet rarely: a cancel on its way, a stream that is not open, a reader that does not read."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from attune_controller import dispatch as dispatch_module
from attune_controller.errors import ReaderTooSlow
from attune_controller.sessions.outbox import LINES
from attune_controller.store.memory.store import MemoryStore
from attune_core.states import Reason
from attune_core.wire.stream_frames import ActivateFrame, AssignFrame, CancelFrame, PingFrame
from tests.controller.handing_over import World
from tests.controller.test_handover_machine import LIMITS, catalogs


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World(MemoryStore(), catalogs()[0], LIMITS)
    await made.join("web1")
    await made.connect(made.lives["web1"])
    yield made
    made.cut(made.lives["web1"])


async def test_a_cancel_that_was_sent_while_the_hand_over_was_on_its_way_is_sent_again_behind_it(world: World) -> None:
    life = world.lives["web1"]
    assert life.session is not None
    world.assembly.planner._planned = lambda _agent: None  # nobody is woken yet
    await world.send("plain", "x")
    (execution,) = await world.stored()
    life.session.cancelled[execution.new.id] = Reason.OPERATOR
    life.wire.clear()
    life.session.work.set()
    await world.idle()
    assert [type(frame) for frame in life.wire if not isinstance(frame, PingFrame)] == [AssignFrame, CancelFrame]


async def test_what_is_asked_back_while_the_hand_over_was_on_its_way_is_asked_back_again_behind_it(world: World) -> None:
    life = world.lives["web1"]
    assert life.session is not None
    world.assembly.planner._planned = lambda _agent: None  # nobody is woken yet
    await world.send("plain", "x")
    (execution,) = await world.stored()
    life.session.asked_back.add(execution.new.id)
    life.wire.clear()
    life.session.work.set()
    await world.idle()
    given, asked = [frame for frame in life.wire if not isinstance(frame, PingFrame)]
    assert isinstance(given, AssignFrame)
    assert isinstance(asked, CancelFrame)
    assert (asked.body.execution, asked.body.requeue) == (given.body.execution, True)


async def test_more_than_one_transaction_takes_goes_out_one_after_the_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch_module, "TAKE", 1)
    life = world.lives["web1"]
    life.wire.clear()
    for key in "xyz":
        await world.send("wide", key)
    assert [type(frame) for frame in life.wire if not isinstance(frame, PingFrame)] == [AssignFrame] * 3


async def test_a_new_revision_is_told_on_open_streams_and_one_without_room_ends(world: World) -> None:
    await world.join("web2")
    silent, open_ = world.lives["web2"], world.lives["web1"]
    await world.connect(silent)
    assert silent.session is not None
    assert open_.session is not None
    silent.session.streaming = False
    following = asyncio.create_task(world.assembly.dispatch.follow())
    await world.idle()
    assert [type(frame) for frame in open_.wire] == [ActivateFrame]
    assert not silent.wire, "its next welcome says it"
    for _ in range(LINES):
        open_.session.outbox.put(lambda n: PingFrame(n=n))
    world.assembly.active.swap(catalogs()[1])
    await asyncio.wait([following], timeout=0.05)
    assert isinstance(open_.session.error, ReaderTooSlow)
    following.cancel()
    world.cut(silent)
