"""Events, executions, moves and queues for tests of the store, with everything that does not matter filled in."""

from collections.abc import Mapping, Sequence

from attune_controller.store.port import Store
from attune_controller.store.records.agents import Agent, Held
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import Execution, Move, NewExecution, QueueKey
from attune_controller.store.records.plans import PlannedEvent
from attune_core.dead_letters import DeadLetter, DeadReason
from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonValue

#: Wide enough not to matter.
WINDOW, WINDOW_BYTES, LIMIT = 64, 4 << 20, 100


def dead(detail: str) -> DeadLetter:
    """Return why an event is a dead letter."""
    return DeadLetter(reason=DeadReason.UNDECLARED, detail=detail)


def event(event_id: str, *, source: str = "hooks/github", body_digest: str = "", dead_reason: str = "", data: JsonValue = None) -> NewEvent:
    return NewEvent(
        source=source,
        id=event_id,
        type="github.push",
        subject="main",
        time=1000.5,
        received_at=1001.25,
        data=data if data is not None else {"ref": "refs/heads/main", "name": "grün\n"},
        body_digest=body_digest,
        dead=dead(dead_reason) if dead_reason else None,
        traceparent="00-1-2-01",
    )


def request(
    execution: str,
    position: int,
    *,
    agent: str = "web1",
    action: str = "web.restart",
    key: str = "null",
    rejected: Reason | None = None,
    detail: str = "",
    unit: str = "nginx",
    fleet: bool = False,
) -> NewExecution:
    return NewExecution(
        id=execution,
        event=position,
        rule="web.on_push",
        action=action,
        pack="web",
        digest="d" * 64,
        revision="abc123",
        input={"unit": unit, "count": 3},
        secrets={"token": "web_token"},
        key=key,
        match={"role": "web"},
        agent=agent,
        accepted_at=1002.0,
        hops=1,
        traceparent="00-1-2-01",
        rate_key='"slow"',
        rejected=rejected,
        detail=detail,
        fleet=fleet,
    )


def plan(position: int, *executions: NewExecution) -> PlannedEvent:
    return PlannedEvent(position=position, revision="abc123", executions=executions)


def move(
    execution: str,
    state: State,
    attempt: int = 1,
    *,
    at: float = 2000.0,
    detail: str = "",
    completion: NewEvent | None = None,
    unhanded: bool = False,
) -> Move:
    """A report; a settling one says that the execution succeeded with a result."""
    settled = state is State.SETTLED
    return Move(
        execution=execution,
        attempt=attempt,
        state=state,
        at=at,
        outcome=Outcome.SUCCEEDED if settled else None,
        detail=detail,
        exit_code=0 if settled else None,
        result={"active": True} if settled else None,
        completion=completion,
        unhanded=unhanded,
    )


def given_back(execution: str, attempt: int, *, sequence: int = 0, ready_at: float = 0.0, at: float = 2000.0) -> Move:
    """A report that the agent no longer holds it; the end that it finds if it was to be cancelled is an operator's."""
    return Move(
        execution=execution,
        attempt=attempt,
        state=State.QUEUED,
        at=at,
        detail="given back",
        sequence=sequence,
        ready_at=ready_at,
        outcome=Outcome.CANCELLED,
        reason=Reason.OPERATOR,
        completion=event(execution, source="done"),
    )


def cancelled(execution: str, *, completion: NewEvent | None = None) -> Move:
    return Move(
        execution=execution,
        attempt=0,
        state=State.SETTLED,
        at=3000.0,
        outcome=Outcome.CANCELLED,
        reason=Reason.OPERATOR,
        completion=completion,
    )


def queue(agent: str = "web1", action: str = "web.restart", key: str = "null") -> QueueKey:
    return QueueKey(place=agent, action=action, key=key)


def held(last: int, of: QueueKey | None = None, *, epoch: int = 0) -> Held:
    return Held(queue=of or queue(), epoch=epoch, last=last)


def agent(name: str = "web1", *, labels: Mapping[str, str] | None = None) -> Agent:
    return Agent(name=name, labels=labels or {"role": "web"}, fingerprint="f" * 64, certificate_expires_at=9000.0, enrolled_at=100.0)


async def plan_some(
    store: Store, *executions: str, agent: str = "web1", action: str = "web.restart", key: str = "null", fleet: bool = False
) -> list[Execution]:
    """Accept one event for each execution and plan it, in this order."""
    made: list[Execution] = []
    for execution in executions:
        accepted = await store.accept_event(event(f"event of {execution}"))
        new = request(execution, accepted.position, agent=agent, action=action, key=key, fleet=fleet)
        made += await store.record_plans([plan(accepted.position, new)])
    return made


async def take(
    store: Store, agent: str = "web1", *, window: int = WINDOW, window_bytes: int = WINDOW_BYTES, limit: int = LIMIT
) -> list[tuple[str, int]]:
    """Hand over and return (execution, after)."""
    taken = await store.take_handovers(agent, window=window, window_bytes=window_bytes, limit=limit)
    return [(handover.execution.new.id, handover.after) for handover in taken.handovers]


def ids(executions: Sequence[Execution]) -> list[str]:
    return [execution.new.id for execution in executions]


async def found(store: Store, execution: str) -> Execution:
    """Return an execution that must exist."""
    stored = await store.execution(execution)
    assert stored is not None
    return stored
