"""/v1/rules: what is live.

In the table of `routes`. The list is ordered by name, and its cursor is the last name of a page.
"""

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_controller.http.views import rule_view
from attune_core.wire.api import Page, RuleView


async def list_rules(call: Call) -> Response:
    """Return a page of the active revision's rules; none before the first revision."""
    query = call.query("after", "limit")
    after, limit = query.text("after") or "", query.page_size()
    catalog = call.parts.active.catalog
    refs = sorted(ref for ref in (catalog.rules if catalog else {}) if ref > after)
    items = [rule_view(catalog.rules[ref]) for ref in refs[:limit]] if catalog else []
    return answer(Page[RuleView](items=items, next=items[-1].ref if len(refs) > limit else ""))
