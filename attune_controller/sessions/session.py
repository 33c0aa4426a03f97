"""Session: one hello and one stream of one agent, in memory; what it holds dies with it and is rebuilt from the store by the next hello.

Made by `greeting`, found through `open_sessions`; `stream` sends its outbox, `incoming` takes its frames, dispatch fills it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from attune_controller.errors import SessionError
from attune_controller.sessions.outbox import Outbox
from attune_controller.sessions.window import Window
from attune_controller.store.records.agents import Held
from attune_controller.store.records.executions import FLEET, Execution, QueueKey
from attune_core.marks import Mark
from attune_core.states import Reason
from attune_core.wire.assignment import QueueName
from attune_core.wire.sensors import SensorAssignment
from attune_core.wire.session import Hello
from attune_core.wire.stream_frames import HoldQueue

#: Executions remembered per session to save a look into the store for each report, and queues whose place is remembered.
KNOWN, QUEUES = 4096, 16_384


class Places:
    """A sequence per queue and epoch; the queues that were not touched longest are forgotten first."""

    def __init__(self) -> None:
        """Begin without any."""
        self._last: OrderedDict[tuple[QueueKey, int], int] = OrderedDict()

    def put(self, queue: QueueKey, epoch: int, last: int) -> None:
        """Remember a queue's sequence."""
        self._last[queue, epoch] = last
        self._last.move_to_end((queue, epoch))
        if len(self._last) > QUEUES:
            self._last.popitem(last=False)

    def last(self, queue: QueueKey, epoch: int) -> int:
        """Return a queue's sequence, -1 for one that is not known."""
        return self._last.get((queue, epoch), -1)


class Session:
    """The state of one connection of one agent."""

    def __init__(self, *, session_id: str, name: str, hello: Hello, now: float) -> None:
        """Take what the hello said; `now` is the monotonic clock."""
        self.id, self.name, self.hello = session_id, name, hello
        self.heard_at = now
        self.outbox = Outbox()
        #: Set when there may be work for this agent, or room for more.
        self.work = asyncio.Event()
        #: Whether nothing but `work` is waited for.
        self.resting = False
        #: One POST of frames at a time; `last_n` is the highest number that is stored.
        self.taking = asyncio.Lock()
        self.last_n = 0
        self.streaming = False
        self.window = Window()
        #: The queues that a rate of all agents holds back from it, and when it lets them go; wall clock, seconds.
        self.rated: Mapping[QueueKey, float] = {}
        #: Actions whose policies the agent needs to follow.
        self.actions: set[str] = {held.queue.action for held in hello.queues}
        #: Executions for which a cancel frame was sent on this stream.
        self.cancelled: dict[str, Reason] = {}
        #: Executions that it was asked to give back on this stream.
        self.asked_back: set[str] = set()
        #: The pause and the drain of which the agent was told.
        self.told: tuple[Mark | None, Mark | None] = (None, None)
        #: The paused queues of which it was told.
        self.told_holds: tuple[HoldQueue, ...] = ()
        #: The sensors of which it was told; None: of none, because no revision is active yet.
        self.told_sensors: tuple[SensorAssignment, ...] | None = None
        #: How many frames have told it since its welcome.
        self.sensor_lists = 0
        #: The last acknowledged and the last sent (or held before) sequence by queue and epoch.
        self.acknowledged = Places()
        self.sent = Places()
        for held in self.held():
            self.sent.put(held.queue, held.epoch, held.last)
        #: The store came out of a backup, and the agent has not said yet what it holds; what it has named so far.
        self.unmerged = False
        self.inventoried: set[str] = set()
        self._known: OrderedDict[str, Execution] = OrderedDict()
        self._over = asyncio.Event()
        self._error: SessionError | None = None

    @property
    def error(self) -> SessionError | None:
        """Why it is over; None while it is not."""
        return self._error

    def end(self, error: SessionError) -> None:
        """End it; the first reason counts."""
        if self._error is None:
            self._error = error
        self._over.set()

    async def ended(self) -> None:
        """Wait until it is over."""
        await self._over.wait()

    def held(self) -> Sequence[Held]:
        """Return what the hello said about this agent's own queues and those of the fleet."""
        return [
            Held(queue=key_of(held.queue), epoch=held.epoch, last=held.last)
            for held in self.hello.queues
            if held.queue.place in (self.name, FLEET)
        ]

    def remember(self, execution: Execution) -> None:
        """Keep an execution for the reports to come."""
        self._known[execution.new.id] = execution
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)

    def recall(self, execution: str) -> Execution | None:
        """Return one that was kept."""
        return self._known.get(execution)

    def forget(self, execution: str) -> None:
        """Drop one that is settled or given back."""
        self._known.pop(execution, None)
        self.cancelled.pop(execution, None)
        self.asked_back.discard(execution)


def key_of(queue: QueueName) -> QueueKey:
    """Return a queue's name as the store has it."""
    return QueueKey(place=queue.place, action=queue.action, key=queue.key)


def name_of(queue: QueueKey) -> QueueName:
    """Return a queue's name as the wire has it."""
    return QueueName.model_construct(place=queue.place, action=queue.action, key=queue.key)
