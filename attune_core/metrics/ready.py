"""The answers to /health and /ready, the same wherever they are asked; pure."""

from collections.abc import Sequence

from attune_core.wire.health import HealthView, ReadyView

HEALTHY = HealthView().model_dump_json().encode() + b"\n"


def readiness(reasons: Sequence[str]) -> tuple[int, bytes]:
    """Return the status and the body of an answer to /ready."""
    view = ReadyView(ready=not reasons, reasons=list(reasons))
    return (503 if reasons else 200), view.model_dump_json().encode() + b"\n"
