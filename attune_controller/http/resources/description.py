"""GET /v1/openapi.json: what there is here, for programs that make clients and pages of it.

In the table of `routes`; made when it is first asked for.
"""

import json
from functools import cache

from starlette.responses import Response

from attune_controller.http.call import Call


async def show_description(call: Call) -> Response:
    """Return the description of this API (OpenAPI 3.1)."""
    call.query()
    return Response(_text(), media_type="application/json")


@cache
def _text() -> str:
    from attune_controller.http.described import DESCRIBED
    from attune_controller.http.openapi import description
    from attune_controller.http.routes import ROUTES  # which names this module

    return json.dumps(description(ROUTES, DESCRIBED))
