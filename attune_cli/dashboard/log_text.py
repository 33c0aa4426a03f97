"""Log text: the newest lines of a stream, made of pieces as they come; bounded; pure.

Called by the screen of logs, which keeps one for each stream.
"""

from collections import deque
from dataclasses import dataclass, field

from attune_cli.log_reader import Piece

#: Lines that are kept, and bytes of one.
MOST, LONGEST = 5000, 2000


@dataclass(kw_only=True)
class LogText:
    """Lines without their ends; the last one may go on. `dropped` counts lines that are not kept any more."""

    lines: deque[str] = field(default_factory=lambda: deque(maxlen=MOST))
    attempt: int = 0
    dropped: int = 0
    ended: bool = False
    missing: bool = False
    _rest: bytes = b""
    _open: bool = False

    def add(self, piece: Piece) -> None:
        """Take what comes next; another attempt and bytes that are no longer kept are said in their place."""
        if piece.gap or piece.attempt != self.attempt:
            self._rest, self._open = b"", False
        if piece.attempt != self.attempt:
            if self.attempt and piece.data:
                self._put(f"── attempt {piece.attempt} ──")
            self.attempt = piece.attempt
        if piece.gap:
            self._put(f"… {piece.gap:,} bytes are not kept …")
        *whole, rest = (self._rest + piece.data).split(b"\n")
        for text in whole:
            self._put(_text(text))
        self._rest = rest[:LONGEST]
        if self._rest:
            self._put(_text(self._rest))
            self._open = True

    def _put(self, text: str) -> None:
        """Put a line; one that had not ended is replaced by itself with what came since."""
        if self._open and self.lines:
            self.lines.pop()
        self._open = False
        if len(self.lines) == MOST:
            self.dropped += 1
        self.lines.append(text)


def _text(line: bytes) -> str:
    return line[:LONGEST].removesuffix(b"\r").decode("utf-8", "backslashreplace").expandtabs(8)
