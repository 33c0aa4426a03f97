"""Durations (`5m`, `1h30m`, `250ms`) and sizes (`8MiB`) as people write them; used by the document models and by settings."""

import re

DURATION_PATTERN = r"^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+(\.[0-9]+)?s)?([0-9]+ms)?$"
SIZE_PATTERN = r"^[0-9]+(B|KiB|MiB|GiB)$"

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?", re.ASCII)
_SIZE = re.compile(r"(\d+)(B|KiB|MiB|GiB)", re.ASCII)
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def parse_duration(text: str) -> float:
    """Return seconds; `ValueError` says what is expected."""
    found = _DURATION.fullmatch(text)
    if not text or len(text) > 32 or found is None:
        raise ValueError(f"{text[:32]!r} is no duration; write a number and a unit, such as 30s, 5m, 24h or 250ms")
    days, hours, minutes, seconds, milliseconds = (float(part or 0) for part in found.groups())
    return days * 86_400 + hours * 3_600 + minutes * 60 + seconds + milliseconds / 1000


def parse_size(text: str) -> int:
    """Return bytes; `ValueError` says what is expected."""
    found = _SIZE.fullmatch(text)
    if len(text) > 32 or found is None:
        raise ValueError(f"{text[:32]!r} is no size; write a number and a unit, such as 64KiB, 8MiB or 1GiB")
    return int(found[1]) * _UNITS[found[2]]


def show_size(size: int) -> str:
    """Return a size as people compare sizes, rounded."""
    for name, unit in reversed(_UNITS.items()):
        if size >= unit > 1:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"


def show_duration(seconds: float) -> str:
    """Return the shortest text that `parse_duration` reads back to the same milliseconds."""
    milliseconds = round(seconds * 1000)
    parts: list[str] = []
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
