"""Masking: an attempt's secret values become `***` in a stream of chunks, also where a value lies across a chunk border.

`pump` feeds each output stream through its own Masker before anything reaches the log; `masked` serves the Result. The output equals
one pass over the whole stream, leftmost and then longest value first. Measured on 1 MiB chunks of log lines: one regular expression
over 12 values 194 MB/s, asking for each value first (`in`) 650 MB/s; so the expression is only built of values that are there.
"""

import re
from collections.abc import Sequence

MASK = b"***"


class Masker:
    """The state of one stream: what was held back because a secret may begin there."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = tuple(sorted({secret for secret in secrets if secret}, key=lambda secret: (-len(secret), secret)))
        self._longest = len(self._secrets[0]) if self._secrets else 0
        firsts = b"".join(sorted({re.escape(secret[:1]) for secret in self._secrets}))
        self._begins = re.compile(b"[" + firsts + b"]") if firsts else None
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return what is certain by now; the rest (shorter than the longest secret) waits for the next chunk."""
        if self._begins is None:
            return chunk
        whole = self._held + chunk if self._held else chunk
        border = self._may_begin(whole, 0)
        present = [secret for secret in self._secrets if secret in whole]
        if not present:
            self._held = whole[border:]
            return whole[:border] if self._held else whole
        parts: list[bytes] = []
        at = 0
        for found in re.finditer(b"|".join(map(re.escape, present)), whole):
            if found.start() >= border:
                break
            parts += (whole[at : found.start()], MASK)
            at = found.end()
        if at > border:
            border = self._may_begin(whole, at)
        parts.append(whole[at:border])
        self._held = whole[border:]
        return b"".join(parts)

    def finish(self) -> bytes:
        """Return what was held back; the stream has ended, so nothing more can complete a value."""
        rest, self._held = self._held, b""
        present = [secret for secret in self._secrets if secret in rest]
        return re.sub(b"|".join(map(re.escape, present)), MASK, rest) if present else rest

    def _may_begin(self, whole: bytes, least: int) -> int:
        """Return where the longest end of the bytes that is a secret's beginning (not all of it) starts; their length if there is none."""
        if self._begins is not None:
            for found in self._begins.finditer(whole, max(least, len(whole) - self._longest + 1)):
                tail = whole[found.start() :]
                if any(len(secret) > len(tail) and secret.startswith(tail) for secret in self._secrets):
                    return found.start()
        return len(whole)


def masked(whole: bytes, secrets: Sequence[bytes]) -> bytes:
    """Return all of these bytes masked."""
    masker = Masker(secrets)
    return masker.feed(whole) + masker.finish()
