"""Program log: how the long-running programs say what they do: one JSON object a line on stderr, every text made safe and bounded.

Called once by the main of controller and agent; everything else asks structlog for a logger. The command line does not use it.
"""

import sys

import structlog
from structlog.typing import EventDict, WrappedLogger

from attune_core.safe_text import safe_text

#: Characters of one field, and of a traceback.
FIELD, TRACE = 2000, 20_000


def configure_log(level: str = "info") -> None:
    """Let structlog write to stderr from now on, what is of this level or above."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _bounded,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def _bounded(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Let no field be long, or more than text."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = safe_text(value, limit=TRACE if key == "exception" else FIELD, keep_newlines=key == "exception")
        elif not isinstance(value, (int, float, bool, type(None))):
            event[key] = safe_text(str(value), limit=FIELD)
    return event
