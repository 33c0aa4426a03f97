"""The agent's own log: one JSON object a line on stderr, every text made safe; journald or whoever reads stderr bounds it.

Configured by `main` before anything else logs. It never gets a secret, an input or output of an action.
"""

import logging
import sys
from collections.abc import MutableMapping

import structlog

from attune_core.safe_text import safe_text

#: Characters of one value.
_LIMIT = 4000


def configure(level: str) -> None:
    """Log from this level on."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _safe,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _safe(_logger: object, _method: str, entry: MutableMapping[str, object]) -> MutableMapping[str, object]:
    for key, value in entry.items():
        if isinstance(value, str):
            entry[key] = safe_text(value, limit=_LIMIT, keep_newlines=key == "exception")
    return entry
