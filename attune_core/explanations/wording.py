"""How times, counts and values are said in answers; pure.

Used by everything in attune_core.explanations: a sentence names how long ago something was, the facts below it name the moment.
"""

from attune_core.moments import parse_rfc3339
from attune_core.values import JsonValue, canonical_json

#: Characters of a value of an event, and of a text from outside, in an answer.
VALUE_LIMIT, TEXT_LIMIT = 120, 300


def about(seconds: float) -> str:
    """Return a duration as people say it: its largest unit, and the next one."""
    left = max(round(seconds), 0)
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count}{unit}" if count else "")
        if len(parts) == 2:
            break
    return "".join(parts) or "0s"


def passed(since: str, now: str) -> str:
    """Return how long ago a moment was, "" when it is not known."""
    return about(parse_rfc3339(now) - parse_rfc3339(since)) if since else ""


def left(until: str, now: str) -> str:
    """Return how long it is to a moment: `in 20s`, or `now`; "" when it is not known."""
    if not until:
        return ""
    seconds = parse_rfc3339(until) - parse_rfc3339(now)
    return f"in {about(seconds)}" if seconds >= 1 else "now"


def short_moment(moment: str) -> str:
    """Return a moment to the second."""
    return f"{moment[:19]}Z" if moment else ""


def counted(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def clipped(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def value_text(value: JsonValue) -> str:
    """Return a value as JSON, shortened before it is written whole."""
    if isinstance(value, str) and len(value) > VALUE_LIMIT:
        return clipped(canonical_json(value[:VALUE_LIMIT]), VALUE_LIMIT)
    return clipped(canonical_json(value), VALUE_LIMIT)


def one_line(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return a text on one line, shortened."""
    return clipped(" ".join(text.split()), limit)
