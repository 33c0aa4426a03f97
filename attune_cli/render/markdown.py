"""Untrusted text inside Markdown: every sign that could mean something becomes a character reference, which never does.

Called by what writes summaries and comments for a forge (CommonMark, "Entity and numeric character references").
"""

import re

from attune_core.safe_text import safe_text

_SIGN = re.compile(r"[^\w ]|_", re.ASCII)


def markdown_text(text: str, *, limit: int = 1000) -> str:
    """Return one line of Markdown that shows exactly this text."""
    return _SIGN.sub(lambda found: found[0] if ord(found[0]) > 0x7F else f"&#{ord(found[0])};", safe_text(text, limit=limit))
