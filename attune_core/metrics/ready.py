"""The answers to /health and /ready, the same wherever they are asked; pure."""

import json
from collections.abc import Sequence

HEALTHY = b'{"status": "ok"}\n'


def readiness(reasons: Sequence[str]) -> tuple[int, bytes]:
    """Return the status and the body of an answer to /ready."""
    return (503 if reasons else 200), json.dumps({"ready": not reasons, "reasons": list(reasons)}).encode() + b"\n"
