"""Assembly: queues, lanes, attempts and the uplink of one agent, put together over its ports: state, Link, Host, Clock and Random.

Made by `app`, which adds files, TLS and the executor's socket, and by the simulation, which adds none of them.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace

import structlog

from attune_agent.attempt import Attempts, Preparation
from attune_agent.buckets import Buckets
from attune_agent.contact import Contact
from attune_agent.dispatching import LogReader
from attune_agent.fifo import Fifo
from attune_agent.host import Greeting, Host
from attune_agent.inbox import Inbox
from attune_agent.lane import Lanes
from attune_agent.ledger import Ledger
from attune_agent.link_port import Link
from attune_agent.marks import Marks
from attune_agent.outbox import Outbox
from attune_agent.policies import Policies
from attune_agent.recovery import await_executor, sweep, waiting_again
from attune_agent.sensors.port import NoSensors, SensorList
from attune_agent.state.port import AgentState
from attune_agent.state.records import Item, Loaded, QueueKey
from attune_agent.uplink import Identity, Uplink
from attune_core.ports import Clock, Random
from attune_core.wire.agent_frames import Status

_log = structlog.get_logger(__name__)

#: Queues named in a status frame.
_QUEUES_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What an agent needs of the world."""

    state: AgentState
    link: Link
    host: Host
    preparation: Preparation
    clock: Clock
    random: Random


class Assembly:
    """The parts of one life of an agent."""

    def __init__(
        self,
        ports: Ports,
        loaded: Loaded,
        *,
        identity: Identity,
        host_pause: str,
        contact: Contact | None = None,
        sensors: SensorList | None = None,
        logs: Callable[[Fifo], LogReader],
        free_bytes: Callable[[], int],
        on_settled: Callable[[str], None],
        on_changed: Callable[[], None],
    ) -> None:
        """Build the parts from the bottom up over what is stored; `on_changed` hears when a session begins or ends.

        Without `sensors` none are run.
        """
        state, clock = ports.state, ports.clock
        self._host, self._clock, self._slots, self._free_bytes, self._on_changed = ports.host, clock, identity.slots, free_bytes, on_changed
        self._tasks: asyncio.TaskGroup | None = None
        policies = Policies(loaded.revision, loaded.policies)
        self.fifo = Fifo(loaded.held, [self._restored(item, policies) for item in loaded.items])
        outbox = self.outbox = Outbox(state, loaded.outbox)
        buckets = Buckets(clock, loaded.buckets)
        ledger = Ledger(fifo=self.fifo, state=state, outbox=outbox, buckets=buckets, clock=clock, on_settled=on_settled)
        self.contact = contact or Contact(clock)
        self._sensors: SensorList = sensors or NoSensors()
        self.marks = Marks(state, paused=loaded.paused, draining=loaded.draining, holds=loaded.holds, host_pause=host_pause)
        attempts = Attempts(
            ledger=ledger, host=ports.host, preparation=ports.preparation, policies=policies, clock=clock, closed=self._closed
        )
        self.lanes = Lanes(
            fifo=self.fifo,
            policies=policies,
            buckets=buckets,
            attempts=attempts,
            withdrawals=attempts.withdrawals,
            clock=clock,
            slots=self._slots,
            closed=self._closed,
        )
        self.marks.changed = self.lanes.touch_all
        inbox = Inbox(fifo=self.fifo, ledger=ledger, state=state, policies=policies, withdrawals=attempts.withdrawals, spawn=self._spawn)
        inbox.policies_changed = self.lanes.policies_changed
        self._uplink = Uplink(
            link=ports.link,
            identity=identity,
            previous=loaded.session,
            fifo=self.fifo,
            inbox=inbox,
            outbox=outbox,
            state=state,
            contact=self.contact,
            marks=self.marks,
            logs=logs(self.fifo),
            sensors=self._sensors,
            status=self.status,
            changed=self._changed,
            clock=clock,
            random=ports.random,
        )

    async def run(self, settle_in: Callable[[], Coroutine[None, None, None]]) -> None:
        """Work until cancelled, with `settle_in` beside it; running actions are the executor's and go on."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            self._changed()
            tasks.create_task(self.lanes.run())
            tasks.create_task(self._uplink.run())
            tasks.create_task(self._sensors.run())
            tasks.create_task(settle_in())
            try:
                await asyncio.get_running_loop().create_future()  # for ever
            finally:
                self._tasks = None  # nothing is begun any more while the group ends what is under way

    async def meet_executor(self, *, hold_again: Callable[[str, str], bool]) -> Greeting:
        """Wait for the executor, use the slots that it has, and let it forget what is stored here."""
        greeting = await await_executor(self._host, self._clock)
        self.lanes.slots = min(self._slots, greeting.slots)
        await sweep(self._host, self.fifo, hold_again=hold_again)
        return greeting

    def condition(self, execution: str, attempt: int, condition: str) -> None:
        """The executor cannot empty an attempt: its queue is held, and says why."""
        _log.error("an attempt cannot be ended", execution=execution, attempt=attempt, condition=condition)
        item = self.fifo.item(execution)
        if item is not None and item.attempt == attempt:
            self.fifo.replace(replace(item, note=f"{condition}: a process of attempt {attempt} of {execution} cannot be ended"))

    def _closed(self, queue: QueueKey) -> str:
        return self.marks.closed(queue) or self.contact.closed()

    def _restored(self, item: Item, policies: Policies) -> Item:
        longest = policies.of(item).retry.maximum_interval
        return waiting_again(item, wall=self._clock.now(), monotonic=self._clock.monotonic(), longest=longest)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        if self._tasks is None:
            work.close()  # the controller repeats it in the next session
        else:
            self._tasks.create_task(work)

    def status(self) -> Status:
        """Return the agent's condition, as the controller is told it."""
        return Status(
            slots=self.lanes.slots,
            busy=self.lanes.busy,
            queues=self.lanes.status(limit=_QUEUES_SHOWN),
            free_bytes=self._free_bytes(),
            paused=self.marks.paused is not None,
            draining=self.marks.draining is not None,
            in_hand=len(self.fifo),
            host_pause=self.marks.host_pause,
            sensors=self._sensors.status(),
            sensor_lists=self._sensors.lists,
            sensors_left=self._sensors.left(),
        )

    def _changed(self) -> None:
        """The session began or ended: let starts be considered again."""
        self._on_changed()
        self.lanes.touch_all()
