"""GET /ca and POST /v1/enrolments: how a host gets to know its controller and becomes an agent.

In the table of `routes`; the only two paths that ask for no token, because the CA is public and an enrolment carries its own.
"""

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_core.wire.enrolment import Enrolment


async def show_authority(call: Call) -> Response:
    """Return the CA's certificate in PEM; whoever takes it compares its fingerprint with the one they were given."""
    call.query()
    return Response(call.parts.authority, media_type="application/x-pem-file")


async def enrol(call: Call) -> Response:
    """Spend a join token for a certificate; the agent may be of a later version, so keys unknown here are ignored."""
    request = await call.document(Enrolment, open_to_later=True)
    return answer(await call.parts.enrolments.enrol(request), 201)
