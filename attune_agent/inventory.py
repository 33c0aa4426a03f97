"""The agent's inventory: everything in hand with its body, in pages, and which executions have reports that are still to be sent.

Asked for by a controller that was restored from a backup; sent by the uplink after the hello, before anything else of the session.
"""

from collections.abc import AsyncIterator

from attune_agent.fifo import Fifo
from attune_agent.outbox import Outbox
from attune_agent.state.port import AgentState
from attune_agent.state.records import Phase
from attune_core.wire.agent_frames import Report
from attune_core.wire.inventory import PAGE_BYTES, InHand, Inventory


async def pages(fifo: Fifo, state: AgentState, outbox: Outbox) -> AsyncIterator[Inventory]:
    """Yield the pages; what settles meanwhile has its report in the outbox by the time that is read, at the end."""
    page: list[InHand] = []
    size = 0
    for item in list(fifo.items()):
        try:
            assign = await state.body(item.execution)
        except KeyError:
            continue
        size += len(assign.model_dump_json())
        if page and size > PAGE_BYTES:
            yield Inventory(in_hand=tuple(page))
            page, size = [], 0
        page.append(InHand(assign=assign, attempt=item.attempt, started=item.phase is Phase.STARTED))
    reported = dict.fromkeys(Report.model_validate_json(row.report).execution for row in outbox.rows())
    yield Inventory(in_hand=tuple(page), reported=tuple(reported), complete=True)
