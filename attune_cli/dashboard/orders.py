"""Orders: what can be told the controller to do with what is chosen, in words that name it, and the requests that do it; pure.

Called by the screens; nothing is sent before a person has said yes to `question`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from attune_cli.dashboard.views.rows import Row
from attune_core.states import State
from attune_core.values import JsonObject, canonical_json
from attune_core.wire.api import AgentView, ExecutionView
from attune_core.wire.queues import QueueContent, QueueSummary


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be done: a question to the person, the requests, and what is said afterwards."""

    question: str
    consequence: str
    requests: tuple[tuple[str, JsonObject], ...]
    done: str
    #: Which note goes with it: none, one that may stay empty, or one that must be given.
    note: str = ""  # "" | "may" | "must"

    def with_note(self, note: str) -> tuple[tuple[str, JsonObject], ...]:
        """Return the requests, each with the note if there is one to give."""
        return tuple((path, {**body, "note": note} if self.note else body) for path, body in self.requests)


#: Seconds within which the same order, given again without an answer, is a repetition.
_SAME = 120.0


@dataclass(kw_only=True)
class Unanswered:
    """Orders that were sent: until the controller has answered, the same order again is the same request, with the same Idempotency-Key."""

    make_key: Callable[[], str]
    _keys: dict[str, tuple[str, float]] = field(default_factory=dict)

    def key_of(self, order: Order, now: float) -> str:
        """Return the key that an order goes with; one that is given much later is meant as another."""
        key, since = self._keys.get(_name(order), ("", 0.0))
        if not key or not 0 <= now - since < _SAME:
            key = self.make_key()
            self._keys[_name(order)] = key, now
        return key

    def answered(self, order: Order) -> None:
        """Take note that the controller said what came of it: from now on the same would be another order."""
        self._keys.pop(_name(order), None)


def _name(order: Order) -> str:
    return canonical_json([[path, body] for path, body in order.requests])


def order_for(word: str, document: Row | QueueContent | None) -> Order | str:
    """Return what a key orders for a row, or why it does nothing."""
    match word, document:
        case "cancel", ExecutionView():
            return _cancel(document)
        case "rerun", ExecutionView():
            return _rerun(document)
        case "pause", QueueContent():
            return _pause(document.queue)
        case "pause", QueueSummary():
            return _pause(document)
        case "cordon", AgentView():
            return _cordon(document)
        case _:
            return _not_that(word)


def _not_that(word: str) -> str:
    wanted = {"cancel": "an execution", "rerun": "an execution", "pause": "a queue", "cordon": "an agent"}[word]
    return f"choose {wanted} first: {word} is for that"


def _cancel(one: ExecutionView) -> Order | str:
    if one.state is State.SETTLED:
        return f"execution {one.number} has ended: {one.outcome.value if one.outcome else 'settled'}"
    if one.state is State.STARTED:
        consequence = f"It runs on {one.agent}: all its processes are asked to end, and killed after the grace period."
    elif one.agent and one.state in (State.ASSIGNED, State.PREPARING):
        consequence = f"It has not started; {one.agent} is asked to let it go, and says if it had started."
    else:
        consequence = "It has not been handed over: it is settled at once and never starts."
    return Order(
        question=f"Cancel execution {one.number}, {one.action}?",
        consequence=consequence,
        requests=((f"/v1/executions/{one.id}/cancel", {}),),
        done=f"execution {one.number} is cancelled, or being cancelled",
    )


def _rerun(one: ExecutionView) -> Order | str:
    return Order(
        question=f"Run {one.action} again, as execution {one.number} did?",
        consequence=f"A new execution with the same input, at the end of its queue, linked to {one.number}.",
        requests=((f"/v1/executions/{one.id}/rerun", {}),),
        done=f"execution {one.number} runs again as a new one",
    )


def _pause(queue: QueueSummary) -> Order:
    if queue.paused:
        notes = "; ".join(f"{pause.note} (by {pause.by})" for pause in queue.paused)
        return Order(
            question=f"Let {queue.action}{_with_key(queue.key)} go on, on every agent?",
            consequence=f"It was paused: {notes}. What waits starts in its order.",
            requests=tuple(("/v1/queues/resume", {"action": pause.action, "key": pause.key}) for pause in queue.paused),
            done=f"{queue.action} goes on in its order",
        )
    return Order(
        question=f"Pause {queue.action}{_with_key(queue.key)}, on every agent?",
        consequence=f"Nothing new of it starts ({queue.waiting + queue.in_hand:,} wait). What runs goes on, what comes waits in order.",
        requests=(("/v1/queues/pause", {"action": queue.action, "key": None if queue.key == "null" else queue.key}),),
        done=f"{queue.action} is paused",
        note="must",
    )


def _with_key(key: str) -> str:
    return "" if key == "null" else f" with the key {key}"


def _cordon(agent: AgentView) -> Order:
    path = f"/v1/agents/{quote(agent.name, safe='')}"
    marks = {mark.kind for mark in agent.marks} & {"cordoned", "draining", "drained"}
    if marks:
        return Order(
            question=f"Let agent {agent.name} get work again?",
            consequence=f"It is {' and '.join(sorted(marks))}; that ends.",
            requests=((f"{path}/uncordon", {}),),
            done=f"{agent.name} gets work again",
        )
    return Order(
        question=f"Cordon agent {agent.name}?",
        consequence=f"Nothing new is placed on it; it finishes the {agent.in_hand:,} in hand and {agent.waiting:,} that wait for it.",
        requests=((f"{path}/cordon", {}),),
        done=f"{agent.name} is cordoned",
        note="may",
    )
