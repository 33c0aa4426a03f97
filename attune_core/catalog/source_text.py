"""From the bytes of a document to text: one encoding, no hidden characters, bounded; everything else is a Problem with its place.

Called by `documents` before YAML is looked at, and for texts that came out of escapes.
"""

import re

from attune_core.problems import Problem, Severity, Span

#: A document's bound in bytes; reliability.md §1.5.
SIZE = 1 << 20
#: C0 and C1 controls, soft hyphen, zero-width, bidi and tag characters, odd line separators, byte order mark, surrogates.
HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]|\r(?!\n)"
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_REMOVE = "remove it; a text that people review must not hold what they cannot see"


def read_text(path: str, raw: bytes) -> str | Problem:
    """Return the document's text, or the first reason why it is none."""
    if len(raw) > SIZE:
        return _problem(
            "ATT103", f"the document has {len(raw)} bytes, more than {SIZE}", path, "split it, or keep what is not declaration in a file"
        )
    if raw.startswith(_UTF16) or (len(raw) > 1 and 0 in raw[:2]):
        return _problem("ATT101", "the document is UTF-16 or UTF-32, not UTF-8", path, "save it as UTF-8 without a byte order mark")
    if raw.startswith(b"\xef\xbb\xbf"):
        return _problem("ATT101", "the document starts with a byte order mark", path, "save it as UTF-8 without a byte order mark")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        span = span_at(before, len(before))
        return Problem(
            code="ATT101",
            severity=Severity.ERROR,
            message=f"byte {error.start} (0x{raw[error.start]:02x}) is not UTF-8",
            path=path,
            span=span,
            hint="save it as UTF-8",
        )
    found = HIDDEN.search(text)
    if found is None:
        return text
    return Problem(
        code="ATT102",
        severity=Severity.ERROR,
        message=f"the character U+{ord(found[0]):04X} cannot be seen",
        path=path,
        span=span_at(text, found.start()),
        hint=_REMOVE,
    )


def span_at(text: str, start: int, end: int | None = None) -> Span:
    """Return the Span of `text[start:end]` (one character when no end is given); offsets beyond the text are its end."""
    start = min(start, len(text))
    end = min(start + 1 if end is None else max(end, start + 1), max(len(text), start + 1))
    line, column = _place(text, start)
    end_line, end_column = _place(text, end)
    if end_line != line and end == start + 1:  # the character is the line break itself
        end_line, end_column = line, column + 1
    return Span(line=line, column=column, end_line=end_line, end_column=end_column)


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _problem(code: str, message: str, path: str, hint: str) -> Problem:
    return Problem(
        code=code, severity=Severity.ERROR, message=message, path=path, span=Span(line=1, column=1, end_line=1, end_column=2), hint=hint
    )
