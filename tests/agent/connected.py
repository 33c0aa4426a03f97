"""An agent's parts and its uplink, connected to a stub of the controller; used by the tests of sessions."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from attune_agent.contact import Contact
from attune_agent.link import HttpLink, agent_context
from attune_agent.log_windows import LogWindows
from attune_agent.sensors.port import NoSensors
from attune_agent.state.sqlite import SqliteState
from attune_agent.uplink import Identity, Uplink
from attune_core.ports import SystemClock
from attune_core.wire.agent_frames import Status
from attune_core.wire.assignment import Assign
from attune_core.wire.stream_frames import AssignFrame
from tests.agent.controller_stub import ControllerStub, controller_stub, identity
from tests.agent.world import World
from tests.waiting import eventually


class NoPause:
    """Jitter that is always the least, and counted."""

    def __init__(self) -> None:
        self.taken = 0

    def bytes(self, count: int) -> bytes:
        return bytes(count)

    def uniform(self, low: float, high: float) -> float:  # noqa: ARG002 - the port's
        self.taken += 1
        return low


class Connected:
    """An agent's parts and its uplink to a stub."""

    def __init__(self, stub: ControllerStub, place: Path) -> None:
        self.stub = stub
        self.place = place
        self.trusts = stub.authority
        self.pauses = NoPause()
        self.world = World(open_state=lambda: SqliteState(place / "agent.sqlite", instance="one"))

    async def start(self) -> None:
        await self.begin()
        await self.session()

    async def begin(self) -> None:
        self.world.start()
        files = identity(self.place, trusts=self.trusts)
        context = agent_context(authority=files.authority, certificate=files.certificate, key=files.key)
        self.link = HttpLink(self.stub.url, context=context)
        self.contact = Contact(SystemClock(), offline_limit=3600)
        world = self.world
        self.uplink = Uplink(
            link=self.link,
            identity=Identity(instance="one", boot_id="boot", slots=4, facts={"os": "linux"}),
            previous="",
            fifo=world.fifo,
            inbox=world.inbox,
            outbox=world.outbox,
            state=world.state,
            contact=self.contact,
            marks=world.marks,
            logs=LogWindows(self.place / "logs", world.fifo, SystemClock()),
            sensors=NoSensors(),
            status=lambda: Status(slots=4, busy=world.lanes.busy, queues=world.lanes.status(limit=10), in_hand=len(world.fifo)),
            changed=world.lanes.touch_all,
            clock=SystemClock(),
            random=self.pauses,
        )
        self.task = asyncio.ensure_future(self.uplink.run())

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task
        await self.link.close()
        await self.world.kill()

    async def session(self, number: int = 1) -> str:
        """Wait for the stream of the session with this number."""
        await eventually(lambda: len(self.stub.streams) >= number, what=f"stream {number}")
        return f"session-{len(self.stub.hellos)}"

    def assign(self, *assigns: Assign) -> None:
        for assign in assigns:
            self.stub.send(AssignFrame(n=0, body=assign))

    async def said(self, kind: str, condition: Callable[[list[dict[str, object]]], bool]) -> list[dict[str, object]]:
        await eventually(lambda: condition(self.stub.said(kind)), what=f"{kind} frames")
        return self.stub.said(kind)


@asynccontextmanager
async def connected(place: Path, *, ping_interval: float = 10.0) -> AsyncIterator[Connected]:
    async with controller_stub() as stub:
        stub.ping_interval = ping_interval
        it = Connected(stub, place)
        await it.start()
        try:
            yield it
        finally:
            await it.stop()
