"""Moments as texts: RFC 3339 with a zone, read to seconds since the epoch; `ports.rfc3339` writes them.

Used wherever a time comes from outside: documents, events, requests. A module of its own because reading a repository needs no clock.
"""

from datetime import UTC, datetime


def parse_rfc3339(text: str) -> float:
    """Return the seconds of a time with its zone, which `ports.rfc3339` can write again; `ValueError` when it is none."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None or len(text) > 64:
        raise ValueError("a time without a zone, or longer than any")
    seconds = found.timestamp()
    datetime.fromtimestamp(seconds, UTC)  # in UTC it may be in a year that there is not
    return seconds
