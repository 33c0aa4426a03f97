"""Why the controller cannot do its work now; said by /ready on the public listener and on that for those who watch; pure."""

from collections.abc import Sequence


def not_ready(alarm: str, *, has_revision: bool) -> Sequence[str]:
    """Return the reasons in words, without anything that is not public; nothing when events are accepted and planned."""
    return [*(["the disk of the store is full"] if alarm else []), *([] if has_revision else ["no revision is active"])]
