"""Agents that are gone, in memory: what their name was handed ends, the queues of their place go into the next epoch.

Called by agents.py.
"""

from dataclasses import replace

from attune_controller.store.memory.executions import kept_move, settle_or_go_on
from attune_controller.store.memory.tables import Tables
from attune_controller.store.records.agents import Departure
from attune_controller.store.records.executions import End
from attune_controller.store.transitions import after_move
from attune_core.states import State


def leave(tables: Tables, name: str, end: End, *, released_at: float | None) -> Departure:
    """Carry out what `end` says of everything unsettled; release what it leaves, unless it keeps its place (None)."""
    ended = released = 0
    unsettled = [one for one in tables.executions.values() if one.agent == name and one.state is not State.SETTLED]
    for execution in unsettled:
        move = end(execution)
        if move is not None and (after := after_move(execution, move)):
            settle_or_go_on(tables, after, kept_move(move))
            ended += 1
        elif released_at is not None:
            tables.release(execution, released_at)
            released += 1
    waiting: list[int] = []
    for queue in tables.queues.values():
        if queue.key.place == name:
            queue.epoch, queue.last_handed = queue.epoch + 1, 0
            waiting += queue.waiting
        queue.chains.pop(name, None)
    places = sorted((tables.executions[number] for number in waiting), key=lambda one: (one.sequence, one.number))
    for execution in places:  # the order of their steps is that of their places, also of those that were given another one
        tables.put(replace(execution, epoch=execution.epoch + 1))
    if instance := tables.agents[name].instance:
        tables.forgotten.add(instance)
    return Departure(ended=ended, released=released)
