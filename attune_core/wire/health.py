"""The documents of /health and /ready, the same wherever they are asked."""

from attune_core.wire.api import Document


class HealthView(Document):
    """There is somebody who answers."""

    status: str = "ok"


class ReadyView(Document):
    """Whether a program can do its work now, and if not, why."""

    ready: bool
    reasons: list[str]
