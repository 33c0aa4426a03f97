"""Store: the port behind which the controller remembers; one of the five of design §4.

Implemented by store/sqlite (production) and store/memory (simulation), held to one contract suite. Every method that writes returns
after the write is durable (fsync) and is atomic; writes of concurrent callers may share one commit. Methods are grouped by noun.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from attune_controller.store.backlog import Backlog, Holds, Returns
from attune_controller.store.records import (
    Acceptance,
    Agent,
    ApiToken,
    Counts,
    Departure,
    End,
    Event,
    EventStatus,
    Execution,
    Filter,
    Handover,
    Held,
    JoinToken,
    Load,
    Move,
    NewEvent,
    PlannedEvent,
    Pruned,
    QueueKey,
    RecordedPage,
    Standing,
    Step,
    Sync,
    Taken,
    Terms,
    Unmerged,
)
from attune_core.marks import Marks
from attune_core.rules.throttling import Admission, ThrottleKey

#: Of no action anything is known: limit 1, no rate that agents share.
NO_TERMS: Mapping[str, Terms] = {}
#: Admissions forgotten with one batch of plans, besides as many as it makes, so that those that are over do not pile up.
FORGOTTEN = 1000
#: Bounds of a page of recorded events besides its limit: bytes of their data before the last one, and positions looked at.
RECORDED_BYTES, RECORDED_STRETCH = 4 << 20, 10_000


class Events(Protocol):
    """Occurrences in the controller's order."""

    async def accept_event(self, event: NewEvent, *, followed: bool = False) -> Acceptance:
        """Store once by (source, id) and take the next position. `ReplayedBody` if body_digest is known under another id of that source.

        `followed`: the planner looks for it at once, so that the two may share a commit.
        """
        ...

    async def unplanned(self, *, limit: int, certain: bool = True) -> Sequence[Event]:
        """Return accepted events without a plan, strictly by position.

        Not `certain`, which is for the planner alone: their commit may be under way. The next `record_plans` is part of it then, or comes
        after it, or fails with it.
        """
        ...

    async def record_plans(self, plans: Sequence[PlannedEvent], *, over_before: float = 0.0, followed: bool = False) -> Sequence[Execution]:
        """Commit whole consequences, all or none: event status, admissions, executions with number and, when placed, epoch and sequence.

        An event that has its plan is skipped; `EventUnknown` for a position without one. Return the executions made, in order.
        Admissions whose window ended at `over_before` or earlier are forgotten, FORGOTTEN more at most than are made, the oldest first.
        `followed`: `take_handovers` comes at once for what is made, so that the two may share a commit.
        """
        ...

    async def admissions(self, keys: Sequence[ThrottleKey]) -> Mapping[ThrottleKey, Admission]:
        """Return, for each of the keys that has one, the last admission."""
        ...

    async def event(self, position: int) -> Event | None:
        """Return one."""
        ...

    async def find_event(self, source: str, event_id: str) -> Event | None:
        """Return the one that (source, id) identifies; an empty source looks for the newest with that id."""
        ...

    async def events(self, *, before: int | None, limit: int, status: EventStatus | None = None) -> Sequence[Event]:
        """Return a page, newest first, positions below `before`."""
        ...

    async def recorded_events(self, *, after: int, since: float, limit: int, trigger: Filter = None) -> RecordedPage:
        """Return a page, oldest first, of events received at `since` or later, positions above `after`; bounded in three ways."""
        ...


class Executions(Protocol):
    """Requested runs and their states."""

    async def execution(self, id_or_number: str) -> Execution | None:
        """Return one by id or by number."""
        ...

    async def executions(
        self, *, before: int | None, limit: int, state: Filter = None, action: Filter = None, agent: Filter = None, event: int | None = None
    ) -> Sequence[Execution]:
        """Return a page, newest number first, numbers below `before`; `state` is a State or an Outcome."""
        ...

    async def executions_of_events(self, positions: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """Return, for each of the positions, its executions' ids by number."""
        ...

    async def waiting_for_agent(self, *, limit: int, after: tuple[int, int] = (0, 0)) -> Sequence[Execution]:
        """Return unsettled executions without an agent, by (event position, number), those above `after`."""
        ...

    async def place(self, execution: str, agent: str) -> Execution:
        """Give a waiting execution its agent and, unless it has them, epoch and sequence; one that does not wait is returned as it is.

        `ExecutionUnknown` when there is none. The stored `new.agent` becomes the agent's name too.
        """
        ...

    async def record_moves(self, moves: Sequence[Move]) -> Sequence[Execution]:
        """Apply reports in order in one transaction, each with its completion event; return each changed execution as its move left it.

        A move that is not allowed any more (a duplicate, an older attempt or place, already settled) or whose execution is unknown
        changes nothing. `OutcomeMissing`, and nothing of the call is stored, when a move settles without an outcome.
        """
        ...

    async def request_cancel(self, execution: str, move: Move) -> Execution:
        """Settle with `move` when it was never handed over; otherwise mark it cancelling and return it (the caller sends the frame).

        `ExecutionUnknown`, `NotCancellable` when it is settled.
        """
        ...

    async def unsettled_load(self) -> Mapping[str, int]:
        """Return how many unsettled executions each agent has; agents without any are left out."""
        ...

    async def loads(self) -> Mapping[str, Load]:
        """Return what each agent with unsettled executions has in hand and what waits here for it, as it was at one moment."""
        ...

    async def keyed_agents(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """Return, for each (action, key), the agent that holds unsettled work of it, if any (the first by name of several)."""
        ...

    async def counts(self) -> Counts:
        """Return totals for the status."""
        ...


class Histories(Protocol):
    """What happened to executions, in order."""

    async def history(self, *, after: int, limit: int) -> Sequence[Step]:
        """Return steps above `after`, oldest first: each place taken, each attempt started, each end; kept as long as their executions."""
        ...


class Queues(Protocol):
    """Hand-over of queues to agents."""

    async def take_handovers(
        self, agent: str, *, window: int, window_bytes: int, limit: int, terms: Mapping[str, Terms] = NO_TERMS, now: float = 0.0
    ) -> Taken:
        """Mark the next executions of the agent's queues as handed and return them with `after`, in sequence order, fair over queues.

        Per queue at most `window` executions and `window_bytes` of input are handed and not started (an input larger than
        `window_bytes` goes alone); at most `limit` are returned, and none while the agent is marked as draining. Queues with the least
        handed and not started come first, among equals the one served longest ago, and each gives one before any gives the next.
        A queue of the fleet gives its head to the agent that this is placed on, when nothing of it is on its way to a start, fewer than
        the limit are unsettled anywhere, and nobody paused it. `terms` by action (limit 1 for others) are of `now`: what finds no token
        of its rate waits.
        """
        ...

    async def fleet_heads(self, only: Sequence[QueueKey] | None) -> Mapping[QueueKey, str]:
        """Return whose turn it is ("": an agent is looked for) in each queue of the fleet of which nothing is on its way to a start."""
        ...

    async def resume_handovers(self, agent: str, held: Sequence[Held]) -> Sequence[Handover]:
        """After a hello: everything up to `last` is assigned; what was handed beyond it is returned again, `after` chained from `last`."""
        ...

    async def acknowledge(self, held: Sequence[Held], *, agent: str | None = None) -> Sequence[str]:
        """Move handed executions up to `last` of each queue to assigned; return their ids.

        The queue's place is taken as given: the caller compares it with the name in the agent's certificate. Of the fleet's queues only
        those handed to `agent` move.
        """
        ...

    async def depths(self, queues: Sequence[QueueKey]) -> Mapping[QueueKey, int]:
        """Return how many unsettled executions each of these queues has (0 for one that does not exist), for its bound."""
        ...

    async def handed_cancels(self, agent: str) -> Sequence[Execution]:
        """Return executions of this agent that are cancelling and unsettled, to repeat the cancel frame after a reconnect."""
        ...


class Standings(Protocol):
    """What stands before what, for people who ask; nothing on the path of an event asks this."""

    async def standing(self, queue: QueueKey, *, sequence: int, limit: int) -> Standing:
        """Return what is unsettled in a queue before a sequence; of it the first `limit`, in their order."""
        ...


class Agents(Protocol):
    """Enrolled hosts and permissions to enrol."""

    async def enrol(self, agent: Agent, token_hash: str, now: float) -> None:
        """Spend the token and store the agent, in place of one with its name (whose instance stays known), in one transaction.

        `JoinTokenRefused` when the token is unknown, spent, expired or for another name.
        """
        ...

    async def agent(self, name: str) -> Agent | None:
        """Return one."""
        ...

    async def agents(self) -> Sequence[Agent]:
        """Return all, by name."""
        ...

    async def greet(self, agent: Agent) -> None:
        """Store what a hello said (instance, boot, version, slots, facts, last seen) and nothing else; `AgentUnknown`."""
        ...

    async def begin_anew(self, agent: Agent, end: End) -> Departure:
        """Store the hello of a new instance of a known agent: nothing that its name was handed is there any more; `AgentUnknown`.

        What was handed over and has not settled ends as `end` says, every queue of this place goes into its next epoch, and the instance
        that was is forgotten. What waits keeps its place.
        """
        ...

    async def forget(self, name: str, end: End, event: NewEvent) -> Departure:
        """Let there be no such agent and no marks of it, and accept the event that tells of it, in one transaction; `AgentUnknown`.

        Its unsettled executions end as `end` says. Those that do not are released: without an agent they wait to be placed, unsequenced
        when the queue was this agent's, at their place in a queue of the fleet. Every queue of this place goes into its next epoch.
        """
        ...

    async def is_forgotten(self, instance: str) -> bool:
        """Tell whether this instance was forgotten, or was followed by another one."""
        ...

    async def seen(self, times: Mapping[str, float]) -> None:
        """Store when agents were last heard of; names without an agent are left out."""
        ...

    async def marks(self) -> Mapping[str, Marks]:
        """Return what operators say of agents; those of which nothing is said are left out."""
        ...

    async def set_marks(self, name: str, marks: Marks, event: NewEvent) -> None:
        """Replace what is said of an agent and accept the event that tells of it, in one transaction; `AgentUnknown`.

        Marks are of the name: they outlive a new enrolment. Nothing is handed to a draining agent from here on.
        """
        ...

    async def add_join_token(self, token: JoinToken) -> None:
        """Store a permission; `TokenExists` when this hash is there."""
        ...

    async def join_token(self, token_hash: str) -> JoinToken | None:
        """Return a permission, spent or not."""
        ...


class Credentials(Protocol):
    """API tokens."""

    async def add_api_token(self, token: ApiToken) -> None:
        """Store one; `TokenExists` when the name or the hash is taken."""
        ...

    async def api_token(self, token_hash: str) -> ApiToken | None:
        """Return the one with this hash."""
        ...

    async def api_tokens(self) -> Sequence[ApiToken]:
        """Return all, by name."""
        ...

    async def remove_api_token(self, name: str) -> bool:
        """Remove; False when there is none."""
        ...


class Syncs(Protocol):
    """Where reconcile stands."""

    async def sync(self) -> Sync:
        """Return the status; an empty one at first."""
        ...

    async def record_sync(self, sync: Sync) -> None:
        """Replace the status; the active revision's pointer flips here."""
        ...


class Pruning(Protocol):
    """What is no longer kept; each call looks at a few rows, so that it holds up nobody. Positions and numbers are never given again."""

    async def prune_events(self, *, before: float, now: float, after: int, limit: int) -> Pruned:
        """Forget, of the next `limit` events above position `after`, those received before then that are planned and fully settled.

        The look ends at the first one received between `before` and `now`; one from a clock that ran ahead only stays.
        """
        ...

    async def prune_executions(self, *, before: float, now: float, keep: int, after: int, limit: int) -> Pruned:
        """Forget, of the next `limit` executions above number `after`, settled ones that ended before then or are beyond the newest `keep`.

        The look ends at the first of the newest that was accepted between `before` and `now`.
        """
        ...

    async def prune_join_tokens(self, *, before: float) -> int:
        """Forget permissions that were spent or expired before then; return how many."""
        ...

    async def packs_in_use(self) -> frozenset[str]:
        """Return the digests of the packs that unsettled executions run."""
        ...


class Merges(Protocol):
    """A store that came out of a backup learns from each agent what it does not know, before it hands anything over to it (G18)."""

    async def restored(self, incarnation: str) -> None:
        """Begin another life: under a new identity, every agent is unmerged, and nothing is handed over to an unmerged one.

        Nothing is handed over from a queue of the fleet while any agent is.
        """
        ...

    async def unmerged(self) -> Mapping[str, Unmerged]:
        """Return the agents that have not said what they hold, by name."""
        ...

    async def take_over(self, agent: str, held: Sequence[Execution], event: NewEvent) -> None:
        """Let an unmerged agent have these, at the places, in the states and with the attempts that it says; what is settled here stays so.

        One that is not known is made, under its number if that is free, of the event, which is accepted if it is needed.
        """
        ...

    async def merge(self, agent: str, known: Sequence[Held], end: End, *, theirs: Collection[str] = ()) -> Departure:
        """Settle, of what the agent was given, what `end` says; let the rest that it does not hold wait again; and let it be merged.

        `theirs` are the executions that it holds or still reports of: it was handed them, whatever the backup says. Each queue of which it
        knows something goes into an epoch beyond the agent's, and its sequences go on beyond the agent's last.
        """
        ...


class Store(
    Events, Executions, Histories, Queues, Standings, Returns, Holds, Backlog, Agents, Credentials, Syncs, Pruning, Merges, Protocol
):
    """All of it."""

    @property
    def incarnation(self) -> str:
        """The identity of this store's life; a restored backup gets a new one."""
        ...

    @property
    def alarm(self) -> str:
        """What a person must see to, because it keeps new work out; empty: nothing."""
        ...

    async def look_after(self) -> None:
        """See, now and then, whether the disk has room again, and whether the files are still there.

        The error that ended all writing or reading, or `StoreReplaced`: the controller must end with it.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of the files; afterwards every method raises `StoreClosed`."""
        ...
