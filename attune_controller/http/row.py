"""Row: one line of the table of routes: method, path, who may, and what answers; without a row there is no route.

Written by `routes`, enforced by `guard`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from starlette.responses import Response

from attune_controller.http.call import Call
from attune_core.wire.api import Scope

Endpoint = Callable[[Call], Awaitable[Response]]


class Access(StrEnum):
    """What stands in for a token where there is none."""

    PUBLIC = "public"  # nothing is asked for
    HOOK = "hook"  # the body's signature, checked by the endpoint
    JOIN = "join"  # the join token in the body, checked by the endpoint


@dataclass(frozen=True)
class Row:
    """One route. `repeatable`: an Idempotency-Key makes a repeated request return the first answer (see Replies)."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    requires: Access | Scope
    endpoint: Endpoint
    repeatable: bool = False
