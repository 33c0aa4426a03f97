"""Masking: an attempt's secret values become `***` in a stream of chunks, also where a value lies across a chunk border.

`pump` feeds each output stream through its own Masker before anything reaches the log; `masked` serves the Result. The output equals
one pass over the whole stream, leftmost and then longest value first. Measured on chunks of log lines: one regular expression over 12
values 194 MB/s, looking for each value on its own (`in`, `find`) ten thousand; so that is what is done, first for the values that contain
no other one, and only where one is found for those that contain it.
"""

from collections.abc import Iterator, Sequence

MASK = b"***"
#: As many bytes of a value are looked for at once; shorter beginnings are looked up.
_START = 8


class Masker:
    """The state of one stream: what was held back because a secret may begin there."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = tuple(sorted({secret for secret in secrets if secret}, key=lambda secret: (-len(secret), secret)))
        least = [one for one in self._secrets if not any(other in one for other in self._secrets if other != one)]
        self._around = {one: [other for other in self._secrets if one in other] for one in least}
        self._starts = frozenset(secret[:length] for secret in self._secrets for length in range(1, min(len(secret), _START)))
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return what is certain by now; the rest (shorter than the longest secret) waits for the next chunk."""
        if not self._secrets:
            return chunk
        whole = self._held + chunk if self._held else chunk
        border = self._may_begin(whole, 0)
        present = self._present(whole)
        if not present:
            self._held = whole[border:]
            return whole[:border] if self._held else whole
        parts: list[bytes] = []
        at = 0
        for begin, end in _found(whole, present):
            if begin >= border:
                break
            parts += (whole[at:begin], MASK)
            at = end
            if at > border:  # the beginning that was seen there is part of what is masked now
                border = self._may_begin(whole, at)
        parts.append(whole[at:border])
        self._held = whole[border:]
        return b"".join(parts)

    def finish(self) -> bytes:
        """Return what was held back; the stream has ended, so nothing more can complete a value."""
        if not self._held:
            return b""
        rest, self._held = self._held, b""
        parts: list[bytes] = []
        at = 0
        for begin, end in _found(rest, self._present(rest)):
            parts += (rest[at:begin], MASK)
            at = end
        return b"".join((*parts, rest[at:]))

    def _present(self, whole: bytes) -> list[bytes]:
        """Return the values that are in there, each once."""
        found = [one for least, around in self._around.items() if least in whole for one in around if one in whole]
        return list(dict.fromkeys(found))

    def _may_begin(self, whole: bytes, least: int) -> int:
        """Return where the longest end of the bytes that is a secret's beginning (not all of it) starts; their length if there is none."""
        first = len(whole)
        for secret in self._secrets:
            at = whole.find(secret[:_START], max(least, len(whole) - len(secret) + 1), first + _START)
            while 0 <= at < first:
                if secret.startswith(whole[at:]):
                    first = at
                at = whole.find(secret[:_START], at + 1, first + _START)
        for length in range(min(_START - 1, len(whole) - least), 0, -1):
            if whole[-length:] in self._starts:
                return min(first, len(whole) - length)
        return first


def _found(whole: bytes, present: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Yield where values stand, from left to right, of those that begin at the same place the longest, none inside another."""
    at, places = 0, {secret: whole.find(secret) for secret in present}
    while places:
        begin, least = min((place, -len(secret)) for secret, place in places.items())
        at = begin - least
        yield begin, at
        places = {secret: place if place >= at else whole.find(secret, at) for secret, place in places.items()}
        places = {secret: place for secret, place in places.items() if place >= 0}


def masked(whole: bytes, secrets: Sequence[bytes]) -> bytes:
    """Return all of these bytes masked."""
    if not whole:
        return whole
    masker = Masker(secrets)
    return masker.feed(whole) + masker.finish()
