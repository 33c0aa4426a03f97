"""Moments as texts: RFC 3339 with a zone, read to seconds since the epoch; `ports.rfc3339` writes them.

Used wherever a time comes from outside: documents, events, requests. A module of its own because reading a repository needs no clock.
"""

from datetime import datetime


def parse_rfc3339(text: str) -> float:
    """Return the seconds of a time with its zone; `ValueError` when it is none."""
    try:
        found = datetime.fromisoformat(text[:64])
        if found.tzinfo is None:
            raise ValueError("a time without a zone")
        return found.timestamp()
    except OverflowError as error:
        raise ValueError("a time outside the years that there are") from error
