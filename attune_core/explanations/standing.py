"""What stands in the way: the executions before one in its queue, and those that take its agent's slots; pure.

Used by the answers about executions and about agents.
"""

from collections.abc import Sequence

from attune_core.explanations.wording import counted, one_line, passed
from attune_core.states import State
from attune_core.wire.api import AgentView
from attune_core.wire.explanations import ExecutionFacts, HolderView, QueueView

#: Executions that are named in one sentence.
_NAMED = 3


def holding(queue: QueueView, facts: ExecutionFacts, limit: int) -> str:
    """Say how many stand before, and what the first of them do."""
    named = queue.before[: min(max(limit, 1), _NAMED)]
    doings = [f"execution {one.number} {doing(one, queue, facts.now)}" for one in named]
    verb = "stands" if queue.ahead == 1 else "stand"
    return f"{queue.ahead} {verb} before it (limit {limit}), and {' and '.join(doings)}" if doings else f"{queue.ahead} {verb} before it"


def doing(one: HolderView, queue: QueueView, now: str) -> str:
    """Say what an execution does that others wait for."""
    since = f" for {passed(one.since, now)}" if one.since else ""
    if one.id == queue.head and queue.waiting_for and one.state is not State.STARTED:
        return f"waits itself: {one_line(queue.waiting_for)}"
    match one.state:
        case State.STARTED:
            return f"has been running on {one.agent}{since}"
        case State.PREPARING:
            return f"is being prepared on {one.agent}{since}"
        case State.ASSIGNED:
            return f"stands on {one.agent} and has not started"
        case _:
            return f"has not been handed over{f' to {one.agent}' if one.agent else ''}"


def slots_taken(agent: AgentView, under_way: Sequence[HolderView], now: str) -> str:
    """Say how many slots are taken, and by what."""
    named = [f"execution {one.number} ({one.action}{', ' + passed(one.since, now) if one.since else ''})" for one in under_way[:_NAMED]]
    rest = agent.busy - len(named)
    if named and rest > 0:
        named.append(f"{rest} more")
    return f"{agent.busy} of {counted(agent.slots, 'slot')} taken{' by ' + ', '.join(named) if named else ''}"
