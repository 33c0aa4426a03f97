"""Traces: the one header of W3C Trace Context that is carried on: from a request through an event and its execution to the action.

Read at every door for events. Attune makes no spans; an action that does gives them this parent.
"""

import re

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)


def traceparent_of(text: str | None) -> str:
    """Return a traceparent as it is; nothing for what is none, which is as good as not sent (W3C Trace Context, 3.2.2)."""
    return text if text is not None and _TRACEPARENT.fullmatch(text) else ""
