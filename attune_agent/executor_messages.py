"""The executor protocol's messages as the Host port's records, both ways; pure. Used by `executor_link` alone."""

import base64

from attune_agent.executor import fields as read
from attune_agent.executor.fields import Fields, FieldWrong
from attune_agent.host import AttemptState, Ended, Greeting, How, Kind, Limit, Listed, Mode, Result, ResultState, StartRequest

_MOST = (1 << 63) - 1
_HOWS, _LIMITS, _RESULTS = list(How), list(Limit), list(ResultState)


def encode_start(request: StartRequest) -> dict[str, object]:
    """Return the `start` message without type and id."""
    message: dict[str, object] = {
        "execution": request.execution,
        "attempt": request.attempt,
        "kind": request.kind.value,
        "argv": list(request.argv),
        "env": dict(request.env),
        "cwd": request.cwd,
        "input_b64": base64.b64encode(request.input).decode("ascii"),
        "input_via": request.input_via.value,
        "timeout": request.timeout,
        "grace": request.grace,
        "logs": {"head": request.logs.head, "segment": request.logs.segment, "segments": request.logs.segments},
        "result_from": request.result_from.value,
        "result_limit": request.result_limit,
        "mask_b64": [base64.b64encode(mask).decode("ascii") for mask in request.masks],
        "limits": {"memory": request.limits.memory, "processes": request.limits.processes, "open_files": request.limits.open_files},
        "fresh": request.fresh,
    }
    if request.state_id is not None:
        message["state_id"] = request.state_id
    if (spool := request.spool) is not None:
        message["spool"] = {"segment": spool.segment, "segments": spool.segments}
    if request.lease is not None:
        message["lease"] = request.lease
    if request.user is not None:
        message["user"] = request.user
    if request.action is not None:
        message["action"] = request.action
    if (sandbox := request.sandbox) is not None:
        message["sandbox"] = {"network": sandbox.network, "hide": list(sandbox.hide), "show": list(sandbox.show)}
    if request.uses is not None:
        message["uses"] = request.uses
    if request.home:
        message["home_b64"] = {name: base64.b64encode(content).decode("ascii") for name, content in request.home.items()}
    if request.environment is not None:
        message["environment"] = request.environment
    return message


def read_greeting(reply: Fields) -> Greeting:
    """Return what `hello` was answered."""
    return Greeting(
        protocol=read.whole(reply, "protocol", 0, _MOST),
        state_id=read.text(reply, "state_id"),
        life=read.text(reply, "life"),
        mode=read.one_of(reply, "mode", list(Mode)),
        slots=read.whole(reply, "slots", 1, _MOST),
        inputs_in_memory=read.flag(reply, "inputs_in_memory"),
        sensors=read.whole(reply, "sensors", 0, _MOST, 0),
        awaits_word=read.flag(reply, "awaits_word"),
        limits=tuple(map(Limit, read.texts(reply, "limits"))) if "limits" in reply else (),
    )


def read_ended(outcome: Fields) -> Ended:
    """Return an outcome document."""
    result = read.nested(outcome, "result")
    return Ended(
        execution=read.text(outcome, "execution"),
        attempt=read.whole(outcome, "attempt", 1, _MOST),
        how=read.one_of(outcome, "how", _HOWS),
        exit_code=read.optional_whole(outcome, "exit_code", 0, 255),
        signal=read.optional_whole(outcome, "signal", 1, 128),
        detail=read.text(outcome, "detail"),
        limit=Limit.NONE if "limit" not in outcome else read.one_of(outcome, "limit", _LIMITS),
        result=Result(state=read.one_of(result, "state", _RESULTS), body=read.decoded(result, "body_b64")),
        stdout_bytes=read.whole(outcome, "stdout_bytes", 0, _MOST),
        stderr_bytes=read.whole(outcome, "stderr_bytes", 0, _MOST),
        log_directory=read.text(outcome, "log_directory"),
        started_at=None if outcome.get("started_at") is None else read.seconds(outcome, "started_at", 1e12),
        ended_at=read.seconds(outcome, "ended_at", 1e12),
        duration=read.seconds(outcome, "duration", 1e12),
    )


def read_listed(reply: Fields) -> tuple[Listed, ...]:
    """Return what `list` was answered."""
    attempts = reply.get("attempts")
    if not isinstance(attempts, list):
        raise FieldWrong("attempts: a list is needed")
    return tuple(_listed(read.as_object(entry)) for entry in attempts)


def _listed(entry: Fields) -> Listed:
    return Listed(
        execution=read.text(entry, "execution"),
        attempt=read.whole(entry, "attempt", 1, _MOST),
        kind=read.one_of(entry, "kind", list(Kind)),
        state=read.one_of(entry, "state", list(AttemptState)),
        condition=read.text(entry, "condition"),
        log_directory=read.text(entry, "log_directory"),
        uses=read.text(entry, "uses", "") or None,
    )
