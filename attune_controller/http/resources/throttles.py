"""/v1/throttles: events that throttles let wait, by rule and key.

In the table of `routes`. The cursor is a rule and a key, as JSON in URL-safe base64.
"""

import base64
import binascii
import json

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_controller.http.errors import QueryInvalid
from attune_core.catalog.catalog import Catalog
from attune_core.ports import rfc3339
from attune_core.rules.groups import Group
from attune_core.rules.throttle_text import throttle_text
from attune_core.rules.throttling import ThrottleKey
from attune_core.wire.api import Page
from attune_core.wire.groups import WaitingGroup


async def list_throttles(call: Call) -> Response:
    """Return a page of the open groups, by rule and key."""
    query = call.query("after", "limit", "rule")
    limit = query.page_size()
    groups = await call.parts.store.list_groups(after=_key(query.text("after")), limit=limit, rule=query.text("rule"))
    items = [waiting_group(one, call.parts.active.catalog) for one in groups]
    return answer(Page[WaitingGroup](items=items, next=_cursor(groups[-1].key) if len(groups) == limit else ""))


def waiting_group(group: Group, catalog: Catalog | None) -> WaitingGroup:
    """Return an open group; `rules` shows those of one rule."""
    rule = catalog.rules.get(group.key[0]) if catalog is not None else None
    throttle = rule.throttle if rule is not None and rule.throttle is not None and rule.throttle.terms == group.terms else None
    return WaitingGroup(
        rule=group.key[0],
        key=group.key[1],
        throttle=throttle_text(throttle) if throttle is not None else "",
        opened_at=rfc3339(group.opened_at),
        last_at=rfc3339(group.last_at),
        due_at=rfc3339(group.due),
        count=group.count,
        kept=len(group.members),
        last=group.last,
        at_least=throttle.at_least if throttle is not None else 1,
        at_most=throttle.at_most if throttle is not None else None,
    )


def _cursor(key: ThrottleKey) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _key(cursor: str | None) -> ThrottleKey:
    if not cursor:
        return "", ""
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise QueryInvalid("after: this is no cursor of this list") from error
    match found:
        case [str(rule), str(key)]:
            return rule, key
        case _:
            raise QueryInvalid("after: this is no cursor of this list")
