"""Reading: which documents of the API a place is made of, asked of a port that the client is and that tests give recorded answers.

Called by the desk's threads; what comes back are the documents, nothing is decided here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from attune_cli.asking import KINDS
from attune_cli.client import Reads
from attune_cli.dashboard.paging import PAGE
from attune_cli.dashboard.places import Kind, Thing
from attune_cli.dashboard.views.rows import Row
from attune_cli.errors import NothingToExplain
from attune_core.values import JsonValue
from attune_core.wire.api import AgentView, EventView, ExecutionView, Page, RuleView
from attune_core.wire.explanations import AgentExplanation, EventExplanation, ExecutionExplanation
from attune_core.wire.queues import QueueContent, QueueSummary

Answer = TypeVar("Answer", bound=BaseModel)

#: Rows of what belongs to a thing, and rules that are looked through for one.
BELONGING, _RULES = 100, 10_000
_PAGES: Mapping[Kind, tuple[str, type[Page[ExecutionView] | Page[EventView] | Page[QueueSummary] | Page[AgentView] | Page[RuleView]]]] = {
    "execution": ("/v1/executions", Page[ExecutionView]),
    "event": ("/v1/events", Page[EventView]),
    "queue": ("/v1/queues", Page[QueueSummary]),
    "agent": ("/v1/agents", Page[AgentView]),
    "rule": ("/v1/rules", Page[RuleView]),
}


class Asks(Reads, Protocol):
    """What the dashboard needs of a client."""

    def post(self, path: str, body: JsonValue, kind: type[Answer], *, key: str = "") -> Answer:
        """Send one document."""
        ...


@dataclass(frozen=True, kw_only=True)
class Detail:
    """One thing, and the rows that belong to it."""

    document: Row | QueueContent
    rows: Sequence[Row] = ()
    more: bool = False


def read_page(asks: Asks, kind: Kind, asked: Mapping[str, str], cursor: str, *, oldest: bool = False) -> tuple[Sequence[Row], str]:
    """Return a page of a list, and the cursor of the next one; with `oldest` that of the list's end, and then those above."""
    path, document = _PAGES[kind]
    page = asks.get(path, document, {**asked, "limit": PAGE, "after": cursor or None, "order": "oldest" if oldest else None})
    return page.items[::-1] if oldest else page.items, page.next


def read_detail(asks: Asks, thing: Thing) -> Detail:
    """Return one thing with what belongs to it."""
    match thing.kind:
        case "execution":
            return Detail(document=asks.get(thing.path, ExecutionView))
        case "event":
            event = asks.get(thing.path, EventView)
            return _with_executions(asks, event, {"event": str(event.position)})
        case "agent":
            return _with_executions(asks, asks.get(thing.path, AgentView), {"agent": thing.name})
        case "rule":
            return _with_executions(asks, _rule(asks, thing.name), {"rule": thing.name})
        case "queue":
            content = asks.get(thing.path, QueueContent, {"key": thing.key, "limit": BELONGING})
            return Detail(document=content, rows=[*content.items, *content.returning], more=bool(content.next))


def _with_executions(asks: Asks, document: Row, asked: Mapping[str, str]) -> Detail:
    page = asks.get("/v1/executions", Page[ExecutionView], {**asked, "limit": BELONGING})
    return Detail(document=document, rows=page.items, more=bool(page.next))


def _rule(asks: Asks, ref: str) -> RuleView:
    """Return a live rule; the API has a list of them only."""
    cursor, seen = "", 0
    while seen < _RULES:
        page = asks.get("/v1/rules", Page[RuleView], {"limit": 200, "after": cursor or None})
        for one in page.items:
            if one.ref == ref:
                return one
        seen, cursor = seen + len(page.items), page.next
        if not cursor:
            break
    raise NothingToExplain(f"there is no live rule {ref}", hint="see the list of rules")


def read_why(asks: Asks, thing: Thing) -> EventExplanation | ExecutionExplanation | AgentExplanation:
    """Return why something is as it is."""
    return asks.get(f"/v1/explain/{thing.kind}/{quote(thing.name, safe='')}", KINDS[thing.kind][0])
