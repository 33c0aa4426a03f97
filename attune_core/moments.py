"""Moments as texts: RFC 3339 with a zone, read to seconds since the epoch; used where events are written down by hand or exported."""

from datetime import datetime


def parse_moment(text: str) -> float:
    """Return seconds since the epoch; `ValueError` says what is expected."""
    try:
        found = datetime.fromisoformat(text) if len(text) <= 64 else None
        if found is not None and found.tzinfo is not None:
            return found.timestamp()
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{text[:64]!r} is no moment; write it as 2026-01-02T03:04:05Z")
