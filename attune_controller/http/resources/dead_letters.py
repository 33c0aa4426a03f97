"""POST /v1/dead_letters/…: what operators do to dead letters; they are listed and shown as the events that they are.

In the table of `routes`. The data of one leave the controller only when they are asked for (`GET /v1/events/EVENT?data=true`).
"""

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_core.wire.dead_letters import DeadLetterRequest, DroppedView, RetriedView


async def retry(call: Call) -> Response:
    """Judge a dead letter anew under the active revision."""
    wanted = await call.document(DeadLetterRequest)
    retried = await call.parts.letters.retry(wanted.position, note=wanted.note, by=_operator(call))
    dead = retried.dead
    return answer(
        RetriedView(
            position=retried.position,
            was=wanted.position,
            dead_letter=dead.detail if dead else "",
            dead_reason=dead.reason if dead else None,
        )
    )


async def drop(call: Call) -> Response:
    """Let the data of a dead letter go."""
    wanted = await call.document(DeadLetterRequest)
    await call.parts.letters.drop(wanted.position, note=wanted.note, by=_operator(call))
    return answer(DroppedView(position=wanted.position))


def _operator(call: Call) -> str:
    return call.caller.name if call.caller else "operator"
