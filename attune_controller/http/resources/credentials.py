"""/v1/tokens and /v1/join_tokens: who may use the API, and which hosts may join.

In the table of `routes`, for administrators only.
"""

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_controller.http.errors import TokenUnknown
from attune_controller.http.views import token_view
from attune_core.wire.api import JoinTokenRequest, Page, TokenRequest, TokenView


async def create_token(call: Call) -> Response:
    """Make an API token; its text is in this answer and nowhere else."""
    request = await call.document(TokenRequest)
    token, text = await call.parts.tokens.create(request.name, request.scopes)
    return answer(token_view(token, text), 201)


async def list_tokens(call: Call) -> Response:
    """Return all API tokens without their texts, by name."""
    call.query("after", "limit")
    tokens = await call.parts.store.api_tokens()
    return answer(Page[TokenView](items=[token_view(token) for token in tokens]))


async def remove_token(call: Call) -> Response:
    """Remove an API token; from then on it is refused."""
    if not await call.parts.tokens.remove(call.path("token")):
        raise TokenUnknown(f"there is no API token {call.path('token')[:64]!r}")
    return Response(status_code=204)


async def create_join_token(call: Call) -> Response:
    """Let one host join under one name with these labels."""
    request = await call.document(JoinTokenRequest)
    return answer(await call.parts.join_tokens.permit(request), 201)
