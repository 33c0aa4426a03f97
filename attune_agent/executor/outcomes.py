"""The outcome documents that go into the journal and to the agent: from what a keeper said, or for an attempt whose keeper is gone."""

import base64
import time

from attune_agent.executor import fields as read
from attune_agent.executor.channel import Packet
from attune_agent.executor.ledger import Held
from attune_agent.executor.protocol import HOWS, How, OutcomeMessage, ResultState

_STATES: tuple[ResultState, ...] = ("missing", "ok", "not_regular", "too_large")
_MOST = 1 << 62


def outcome_of(held: Held, packet: Packet, stopped_by: str) -> OutcomeMessage:
    """Return the document for an attempt that its keeper saw to the end."""
    said = packet.fields
    detail = read.text(said, "detail")
    return {
        "execution": held.execution,
        "attempt": held.attempt,
        "how": read.one_of(said, "how", HOWS),
        "exit_code": read.optional_whole(said, "exit_code", 0, 255),
        "signal": read.optional_whole(said, "signal", 1, 128),
        "detail": detail or stopped_by,
        "limit": "",
        "result": {
            "state": read.one_of(said, "result_state", _STATES),
            "body_b64": base64.b64encode(packet.blob).decode("ascii"),
        },
        "stdout_bytes": read.whole(said, "stdout_bytes", 0, _MOST),
        "stderr_bytes": read.whole(said, "stderr_bytes", 0, _MOST),
        "log_directory": held.log_directory,
        "started_at": None if said.get("started_at") is None else read.seconds(said, "started_at", 1e12),
        "ended_at": read.seconds(said, "ended_at", 1e12),
        "duration": read.seconds(said, "duration", 1e12),
    }


def lost_outcome(held: Held, detail: str) -> OutcomeMessage:
    """Return the document for an attempt that may have run and of whose end nothing is known but that no process of it is left."""
    return _outcome_of_nothing(held, "lost", detail)


def unstarted_outcome(held: Held, detail: str) -> OutcomeMessage:
    """Return the document for an attempt whose keeper failed before it had read what to start."""
    return _outcome_of_nothing(held, "not_started", detail)


def _outcome_of_nothing(held: Held, how: How, detail: str) -> OutcomeMessage:
    return {
        "execution": held.execution,
        "attempt": held.attempt,
        "how": how,
        "exit_code": None,
        "signal": None,
        "detail": detail,
        "limit": "",
        "result": {"state": "missing", "body_b64": ""},
        "stdout_bytes": 0,
        "stderr_bytes": 0,
        "log_directory": held.log_directory,
        "started_at": None,
        "ended_at": time.time(),
        "duration": 0.0,
    }
