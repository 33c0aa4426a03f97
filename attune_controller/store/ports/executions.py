"""Executions: what the store is asked of requested runs and their history.

Part of store.port.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attune_controller.store.records.agents import Load
from attune_controller.store.records.executions import Execution, Move, Step
from attune_controller.store.records.standing import Counts, Filter


class Executions(Protocol):
    """Requested runs and their states."""

    async def execution(self, id_or_number: str) -> Execution | None:
        """Return one by id or by number."""
        ...

    async def executions(
        self,
        *,
        before: int | None,
        limit: int,
        state: Filter = None,
        action: Filter = None,
        agent: Filter = None,
        event: int | None = None,
        after: int | None = None,
    ) -> Sequence[Execution]:
        """Return a page, newest number first, numbers below `before`; `state` is a State or an Outcome.

        With `after`: numbers above it, the oldest first.
        """
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
