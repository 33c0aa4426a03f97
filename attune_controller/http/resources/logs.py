"""Windows of logs: what a request for one asks, and the answer of the agent that has it; shared by executions and sensors."""

import base64
from typing import Literal

from attune_controller.http.call import Query
from attune_controller.http.errors import QueryInvalid
from attune_core.wire.agent_frames import LogWindow
from attune_core.wire.api import LogView
from attune_core.wire.stream_frames import LONGEST_WAIT, ReadLog

#: The parameters of such a request.
PARAMETERS = ("stream", "offset", "limit", "attempt", "tail", "since", "ago", "wait")


def log_question(query: Query, *, stream: str) -> ReadLog:
    """Return the question, without whose log it is; `stream` unless another one is asked for."""
    ago = query.number("ago", low=1)
    return ReadLog(
        request="",
        execution="",
        attempt=query.number("attempt", low=0, high=100_000) or 0,
        stream=_stream(query.text("stream") or stream),
        offset=query.number("offset", low=-(2**62)) or 0,
        limit=query.number("limit", low=1, high=1 << 20) or 1 << 16,
        tail=query.number("tail", low=0),
        since=query.moment("since") if ago is None else -ago,
        wait=query.number("wait", low=0, high=LONGEST_WAIT) or 0,
    )


def log_view(window: LogWindow) -> LogView:
    """Return the answer; what the agent sent is no more than bytes."""
    return LogView(
        offset=window.offset,
        content=base64.b64encode(base64.b64decode(window.content, validate=True)).decode(),
        total=window.total,
        gap=window.gap,
        ended=window.ended,
        attempt=window.attempt,
    )


def no_log(*, ended: bool) -> LogView:
    """Return what is said of a log that there is not; `ended`: and that there will never be."""
    return LogView(offset=0, content="", total=0, ended=ended, missing=True)


def _stream(text: str) -> Literal["stdout", "stderr", "build"]:
    match text:
        case "stdout" | "stderr" | "build":
            return text
        case _:
            raise QueryInvalid("stream is not one of: stdout, stderr, build")
