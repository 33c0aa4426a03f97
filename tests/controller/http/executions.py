"""Executions as planning would leave them, for tests of what the API shows."""

from collections.abc import Mapping
from types import MappingProxyType

from attune_controller.store.port import Store
from attune_controller.store.records.events import Acceptance, NewEvent
from attune_controller.store.records.executions import Execution, NewExecution
from attune_controller.store.records.plans import PlannedEvent
from attune_core.dead_letters import DeadLetter, DeadReason
from attune_core.states import Reason
from attune_core.values import JsonValue


async def accept(store: Store, event_id: str, *, data: JsonValue = None, dead_reason: str = "") -> Acceptance:
    """Store one event."""
    event = NewEvent(
        source="test",
        id=event_id,
        type="web.alert",
        time=1.5,
        received_at=2.5,
        data={"unit": "a"} if data is None else data,
        dead=DeadLetter(reason=DeadReason.UNDECLARED, detail=dead_reason) if dead_reason else None,
    )
    return await store.accept_event(event)


async def plan(
    store: Store,
    event_id: str,
    *,
    agents: tuple[str, ...] = ("web-1",),
    rejected: Reason | None = None,
    secrets: Mapping[str, str] = MappingProxyType({"token": "web_token"}),
) -> list[Execution]:
    """Store one event with one execution for each agent."""
    position = (await accept(store, event_id)).position
    new = tuple(
        NewExecution(
            id=f"0190{position:04x}-0000-7000-8000-{number:012x}",
            event=position,
            rule="web.restart_on_alert",
            action="web.restart",
            pack="web",
            digest="d" * 64,
            revision="a" * 40,
            input={"unit": "web_a"},
            secrets=secrets,
            key="null",
            match={"role": "web"},
            agent=agent,
            accepted_at=3.5,
            hops=0,
            rejected=rejected,
        )
        for number, agent in enumerate(agents)
    )
    return list(await store.record_plans([PlannedEvent(position=position, revision="a" * 40, executions=new)]))
