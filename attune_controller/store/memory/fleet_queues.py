"""The fleet's queues in memory: one of their executions at a time is on its way to a start, and each agent has a chain of its own.

Called by queues.py.
"""

from collections.abc import Iterator, Mapping, Sequence

from attune_controller.store.dealing import Lane
from attune_controller.store.memory.tables import QueueRow, Tables
from attune_controller.store.records.executions import FLEET, Execution, QueueKey
from attune_controller.store.records.queues import Terms


def fleet_lanes(tables: Tables, agent: str, terms: Mapping[str, Terms]) -> Iterator[Lane]:
    """Yield the queues of the fleet whose head is this agent's and may go."""
    for queue in _open(tables) if not tables.unmerged else ():
        if {(queue.key.action, None), (queue.key.action, queue.key.key)} & tables.holds.keys():
            continue
        head = _head(tables, queue)
        in_hand = sum(tables.executions[number].handed for number in queue.unsettled)
        if head.agent == agent and in_hand < terms.get(queue.key.action, Terms()).limit:
            waiting = iter([(tables.sizes[head.number], head)])
            chain = queue.chains.get(agent, 0)
            yield Lane(waiting=waiting, last_handed=chain, unstarted=0, unstarted_bytes=0, window=1, window_bytes=0)


def heads(tables: Tables, only: Sequence[QueueKey] | None) -> dict[QueueKey, str]:
    """See port.Queues.fleet_heads."""
    return {queue.key: _head(tables, queue).agent for queue in _open(tables) if only is None or queue.key in only}


def _open(tables: Tables) -> list[QueueRow]:
    found = [queue for queue in tables.queues.values() if queue.key.place == FLEET and queue.waiting and not queue.unstarted]
    return sorted(found, key=lambda queue: (queue.turn, queue.made))


def _head(tables: Tables, queue: QueueRow) -> Execution:
    return tables.executions[next(iter(queue.waiting))]
