"""Bugs of the agent: its inbox, its lanes, its attempts and what it says of them."""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

import attune_agent.admission
import attune_agent.following
import attune_agent.inbox
from attune_agent.admission import Decision, Head, admit
from attune_agent.attempt import Attempts
from attune_agent.buckets import Buckets
from attune_agent.dispatching import Dispatching
from attune_agent.endings import cancelled_unstarted
from attune_agent.fifo import Fifo
from attune_agent.following import Following
from attune_agent.inbox import Inbox, Verdict
from attune_agent.posting import Posting
from attune_agent.results import Ending
from attune_agent.state.records import Held, Item, Phase, QueueKey, Spent
from attune_agent.withdrawals import Withdrawals
from attune_core.ports import Clock
from attune_core.states import Outcome, Reason
from attune_core.wire.assignment import Assign, Policy, Retry
from tests.simulation.bugs.bug import Bug, replaced

_assign, _end, _take, _cancel, _put, _parse = Inbox.assign, Following.end, Posting.take, Withdrawals.cancel, Fifo._put, Dispatching._parse

_buckets = Buckets.__init__


def _acknowledge_at_once(self: Inbox, assigns: Sequence[Assign]) -> None:
    _assign(self, assigns)
    for assign in assigns:
        queue = QueueKey.of(assign.queue)
        self.acknowledge(Held(queue=queue, epoch=assign.epoch, last=self._fifo.last(queue, assign.epoch)))


def _take_gaps(assign: Assign, *, last: int, epoch: int) -> Verdict:
    return Verdict.REPEATED if assign.sequence <= last or assign.epoch < epoch else Verdict.NEXT


def _count_no_frames(self: Dispatching, line: bytes) -> object:
    with suppress(ValueError):
        self._n = int(json.loads(line)["n"]) - 1
    return _parse(self, line)


def _leave_what_could_not_be_stored(_self: Fifo, _queue: QueueKey, _epoch: int, _last: int) -> None:
    """The queue goes on as if the disk had taken it."""


def _ignore_those_before(head: Head, *, running: int, policy: Policy, now: float, closed: str = "") -> Decision:
    return admit(replace(head, ahead=0, unstarted_ahead=0), running=0, policy=policy, now=now, closed=closed)


async def _start_again_what_was_asked(self: Attempts, item: Item) -> None:
    await self._listing(item)
    await self.make(replace(self._ledger.closing(item), attempt=item.attempt + 1))


async def _settle_at_once(self: Withdrawals, execution: str, reason: Reason) -> bool:
    item = self._ledger.item(execution)
    if item is not None and item.phase is Phase.STARTED:
        await self._ledger.settled(item, cancelled_unstarted(reason))
    return await _cancel(self, execution, reason)


def _try_again_whatever_happened(retry: Retry, *, attempt: int, outcome: Outcome) -> float | None:
    return 1.0 if outcome is Outcome.LOST or (outcome in retry.after and attempt < retry.maximum_attempts) else None


async def _guess_a_success(self: Following, item: Item, ending: Ending) -> None:
    await _end(self, item, Ending(outcome=Outcome.SUCCEEDED) if ending.outcome is Outcome.LOST else ending)


def _forget_what_is_sent(self: Posting, *, with_status: bool) -> bytes:
    body = _take(self, with_status=with_status)
    self._outbox.acknowledged(self._reported)
    return body


def _last_in_first_out(self: Fifo, item: Item) -> None:
    _put(self, item)
    self._queues[item.queue].move_to_end(item.execution, last=False)


def _full_again(self: Buckets, clock: Clock, stored: Iterable[Spent] = ()) -> None:
    _buckets(self, clock)


AGENT_BUGS = (
    Bug(
        name="the inbox acknowledges before the commit",
        breaks=("G1",),
        needs="full agent state",
        rare=True,
        injected=replaced((Inbox, "assign", _acknowledge_at_once)),
    ),
    Bug(
        name="frames are not counted, and the inbox takes gaps",
        breaks=("G1", "G7"),
        needs="lost frames",
        rare=True,
        injected=replaced((attune_agent.inbox, "judge", _take_gaps), (Dispatching, "_parse", _count_no_frames)),
    ),
    Bug(
        name="what could not be stored is not taken back",
        breaks=("G1",),
        needs="full agent state",
        injected=replaced((Fifo, "retract", _leave_what_could_not_be_stored)),
    ),
    Bug(
        name="admission ignores those before",
        breaks=("G7",),
        rare=True,
        injected=replaced((attune_agent.admission, "admit", _ignore_those_before)),
    ),
    Bug(name="a queue is last in, first out", breaks=("G7",), injected=replaced((Fifo, "_put", _last_in_first_out))),
    Bug(name="a restart starts again what was asked", breaks=("G9",), injected=replaced((Attempts, "resume", _start_again_what_was_asked))),
    Bug(
        name="a cancel does not wait for the tree",
        breaks=("G7", "G10"),
        needs="cancellation",
        injected=replaced((Withdrawals, "cancel", _settle_at_once)),
    ),
    Bug(
        name="what is lost is run again",
        breaks=("G9",),
        injected=replaced((attune_agent.following, "next_delay", _try_again_whatever_happened)),
    ),
    Bug(
        name="a restart fills the buckets of rates",
        breaks=("rate",),
        needs="crash of an agent",
        rare=True,
        injected=replaced((Buckets, "__init__", _full_again)),
    ),
    Bug(name="what is lost is guessed a success", breaks=("G12",), injected=replaced((Following, "end", _guess_a_success))),
    Bug(name="reports are forgotten when they are sent", breaks=("G1", "G7"), injected=replaced((Posting, "take", _forget_what_is_sent))),
)
