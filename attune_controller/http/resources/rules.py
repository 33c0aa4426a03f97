"""/v1/rules: what is live.

In the table of `routes`. The list is ordered by name, and its cursor is the last name of a page.
"""

from starlette.responses import Response

from attune_controller.errors import RuleUnknown
from attune_controller.http.call import Call, answer
from attune_controller.http.resources.throttles import waiting_group
from attune_controller.http.views import rule_view, written
from attune_core.expressions.suggestion import suggestion
from attune_core.rules.throttle_text import throttle_text
from attune_core.wire.api import Page, RuleView
from attune_core.wire.groups import RuleDetail

#: Groups that are shown with a rule; the list of throttles has all.
_WAITING = 20


async def list_rules(call: Call) -> Response:
    """Return a page of the active revision's rules; none before the first revision."""
    query = call.query("after", "limit")
    after, limit = query.text("after") or "", query.page_size()
    catalog = call.parts.active.catalog
    refs = sorted(ref for ref in (catalog.rules if catalog else {}) if ref > after)
    items = [rule_view(catalog.rules[ref]) for ref in refs[:limit]] if catalog else []
    return answer(Page[RuleView](items=items, next=items[-1].ref if len(refs) > limit else ""))


async def show_rule(call: Call) -> Response:
    """Return one rule, with what waits in its throttle."""
    call.query()
    ref, catalog = call.path("rule"), call.parts.active.catalog
    if catalog is None or ref not in catalog.rules:
        near = suggestion(ref, catalog.rules) if catalog else None
        raise RuleUnknown(f"the active revision has no rule {ref[:130]!r}{f'; {near}' if near else ''}")
    rule = catalog.rules[ref]
    throttle = rule.throttle
    groups = await call.parts.store.list_groups(after=("", ""), limit=_WAITING + 1, rule=ref)
    return answer(
        RuleDetail(
            **rule_view(rule).model_dump(),
            throttle=throttle_text(throttle) if throttle else "",
            throttle_key=written(throttle.key) if throttle and throttle.key else "",
            waiting=[waiting_group(one, catalog) for one in groups[:_WAITING]],
            more=len(groups) > _WAITING,
        )
    )
